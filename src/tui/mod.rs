//! The screen: themes, keymaps, views, overlays and the run loop.
