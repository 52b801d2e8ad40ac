package server

// everyKey is how the keys of the whole are listed.
const everyKey = "listen, database, blob, providers, production, delivery, payments, alerts, webhooks, test_mode, trusted_proxies, proxy_header, log, keys, audit, redis, limits"
