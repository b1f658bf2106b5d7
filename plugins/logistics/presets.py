"""Vocabularies of carriers in ours (standards §2.3): what a new carrier's status map begins with."""

from __future__ import annotations

Meaning = tuple[str, str]

# The codes of the usual domestic tracking hub: 0 on the way, 5 being delivered, 3 signed for ...
HUB: dict[str, Meaning] = {
    "101": ("info_received", ""), "102": ("info_received", ""), "103": ("picked_up", ""),
    "1": ("picked_up", ""), "0": ("in_transit", ""), "1001": ("at_depot", ""),
    "1002": ("in_transit", ""), "1003": ("in_transit", ""), "7": ("in_transit", ""),
    "5": ("out_for_delivery", ""), "501": ("available_for_pickup", ""),
    "3": ("delivered", ""), "301": ("delivered", ""), "302": ("delivered", ""),
    "303": ("delivered", ""), "304": ("delivered", ""), "2": ("attempt_failed", ""),
    "14": ("exception", "refused"), "6": ("returning", ""), "4": ("returned", ""),
    "8": ("customs", ""), "10": ("customs", ""), "11": ("customs", ""), "12": ("in_transit", ""),
    "13": ("exception", "docs"), "201": ("exception", "delay"), "203": ("exception", "address"),
    "205": ("exception", "damaged"), "206": ("exception", "lost"), "207": ("exception", "held"),
    "401": ("cancelled", ""), "abort": ("expired", ""),
}  # fmt: skip

# The words of gateways that push: a tag, often with a number behind it.
TAGS: dict[str, Meaning] = {
    "Pending": ("pending", ""), "InfoReceived": ("info_received", ""), "PickedUp": ("picked_up", ""),
    "InTransit": ("in_transit", ""), "Departed": ("in_transit", ""), "Arrived": ("at_depot", ""),
    "Customs": ("customs", ""), "OutForDelivery": ("out_for_delivery", ""),
    "AvailableForPickup": ("available_for_pickup", ""), "AttemptFail": ("attempt_failed", ""),
    "Delivered": ("delivered", ""), "Delivered_Proxy": ("delivered", ""),
    "Delivered_Locker": ("delivered", ""), "Exception_Delay": ("exception", "delay"),
    "Exception_Damaged": ("exception", "damaged"), "Exception_Lost": ("exception", "lost"),
    "Exception_Address": ("exception", "address"), "Exception_Refused": ("exception", "refused"),
    "Exception_Held": ("exception", "held"), "Exception_Weather": ("exception", "weather"),
    "Exception_Docs": ("exception", "docs"), "Returning": ("returning", ""),
    "Returned": ("returned", ""), "Cancelled": ("cancelled", ""), "Expired": ("expired", ""),
}  # fmt: skip

# What the desk itself notes; the same for every carrier, and nobody's to edit.
OWN: dict[str, Meaning] = {
    "DESK_CONFIRMED": ("info_received", ""),
    "DESK_PICKED_UP": ("picked_up", ""),
    "DESK_SEEN": ("in_transit", ""),
    "DESK_DELIVERED": ("delivered", ""),
    "DESK_DAMAGED": ("exception", "damaged"),
    "DESK_LOST": ("exception", "lost"),
    "DESK_CANCELLED": ("cancelled", ""),
    "NOT_RECEIVED": ("exception", "dispute"),
}
PRESETS = {"push": TAGS, "poll": HUB}
