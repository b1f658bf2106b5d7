"""The worlds of tests/habits, to be thrown things at."""

from __future__ import annotations

from tests.habits.conftest import mine, whole

__all__ = ["mine", "whole"]
