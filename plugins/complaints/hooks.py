"""Complaints: the procedure every industry shares."""

from core.sdk import Plugin

plugin = Plugin("complaints", "complaints.title", summary="complaints.summary", icon="speakerphone")
