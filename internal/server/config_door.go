package server

import "cmp"

// HTTPConfig bounds what clients of the HTTP API may hold open.
type HTTPConfig struct {
	// Connections is how many there may be at a time. When there are as many, the one that has
	// waited longest for its client makes room for the next. Default 4096.
	Connections int `yaml:"connections" env:"CONNECTIONS"`
	// ConnectionsPerAddress is how many of them one address may have; trusted_proxies may have
	// more. Default 0: as many as there are altogether.
	ConnectionsPerAddress int `yaml:"connections_per_address" env:"CONNECTIONS_PER_ADDRESS"`
	// Streams is how many requests may be under way on one connection of HTTP/2. Default 100.
	Streams int `yaml:"streams" env:"STREAMS"`
}

func (c *HTTPConfig) defaults() {
	c.Connections = cmp.Or(c.Connections, 4096)
	c.Streams = cmp.Or(c.Streams, 100)
}

func (l *loading) checkHTTP(c HTTPConfig) {
	for _, n := range []struct {
		key   string
		value int
	}{{"connections", c.Connections}, {"connections_per_address", c.ConnectionsPerAddress}, {"streams", c.Streams}} {
		if n.value < 0 {
			l.bad("http."+n.key, "it is negative")
		}
	}
	if c.Streams > 10_000 {
		l.bad("http.streams", "want at most 10000")
	}
}
