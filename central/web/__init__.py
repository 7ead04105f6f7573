"""The page and the HTTP API; bound to loopback until there are logins."""
