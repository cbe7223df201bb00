"""Who spoke when in a recording: windows → assignment → turns, strangers that can be named, exports."""
