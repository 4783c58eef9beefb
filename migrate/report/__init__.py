"""Plans and events as text or JSON. No decision is taken here."""
