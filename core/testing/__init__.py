"""The plugin exam, for us and for strangers: `check_plugin(module)` in a test of your own."""

from core.testing.exam import check_plugin, trial
from core.testing.paper import Exam

__all__ = ["Exam", "check_plugin", "trial"]
