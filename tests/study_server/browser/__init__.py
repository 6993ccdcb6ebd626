"""The participant's study in a real browser against the real server."""
