package limit

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Forms says how the address of Redis is written.
const Forms = "write redis://[USER:PASSWORD@]HOST:PORT[/DATABASE], " +
	"redis-sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT/MASTER[/DATABASE] or redis-cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT; " +
	"with rediss in the place of redis it speaks TLS"

// ValidAddress says what is wrong with the address of Redis. It never repeats it, since it may
// hold a password.
func ValidAddress(address string) error {
	client, err := connect(address)
	if err != nil {
		return err
	}
	return client.Close()
}

// target is an address of Redis, taken apart.
type target struct {
	scheme string // redis or rediss
	kind   string // "", sentinel or cluster
	user   string // and password, as they were written, with the @
	hosts  []string
	path   []string
	query  url.Values
}

// errAddress says nothing of the address itself: where the characters of a password are not
// percent-encoded, any part of it may be the password.
var errAddress = errors.New("it is not the address of a Redis; " + Forms + "; special characters in a password are percent-encoded (@ is %40)")

// parse takes an address apart. The standard library reads one host, and Sentinel and Cluster
// have several.
func parse(address string) (t target, err error) {
	scheme, rest, found := strings.Cut(address, "://")
	t.scheme, t.kind, _ = strings.Cut(scheme, "-")
	if !found || t.scheme != "redis" && t.scheme != "rediss" || t.kind != "" && t.kind != "sentinel" && t.kind != "cluster" ||
		strings.HasSuffix(scheme, "-") {
		return t, errAddress
	}
	rest, query, _ := strings.Cut(rest, "?")
	if t.query, err = url.ParseQuery(query); err != nil {
		return t, errAddress
	}
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		t.user, authority = authority[:at+1], authority[at+1:]
	}
	t.path = strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	port := "6379"
	if t.kind == "sentinel" {
		port = "26379"
	}
	for host := range strings.SplitSeq(authority, ",") {
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), port)
		}
		if name, _, err := net.SplitHostPort(host); err != nil || name == "" {
			return t, errAddress
		}
		t.hosts = append(t.hosts, host)
	}
	if t.kind == "" && len(t.hosts) > 1 {
		return t, errors.New("redis:// has one host; for several write redis-sentinel:// or redis-cluster://")
	}
	return t, nil
}

// waits are what all three kinds of clients have, whatever the address says of it: nothing is
// tried twice, since a request waits for it. How long one waits its context says.
var waits = map[string]string{
	"dial_timeout": "2s", "read_timeout": "2s", "write_timeout": "2s", "pool_timeout": "2s", "max_retries": "-1", "pool_size": "32",
}

// url is the address in the form in which go-redis reads one: further hosts are parameters.
func (t target) url() string {
	query := maps.Clone(t.query)
	query["addr"] = append(query["addr"], t.hosts[1:]...)
	for name, value := range waits {
		query.Set(name, value)
	}
	if len(query["addr"]) == 0 {
		query.Del("addr")
	}
	return t.scheme + "://" + t.user + t.hosts[0] + "/" + strings.Join(t.path, "/") + "?" + query.Encode()
}

func connect(address string) (redis.UniversalClient, error) {
	t, err := parse(address)
	if err != nil {
		return nil, err
	}
	switch t.kind {
	case "sentinel":
		return t.sentinel()
	case "cluster":
		return t.cluster()
	}
	o, err := redis.ParseURL(t.url())
	if err != nil {
		return nil, errAddress
	}
	o.ContextTimeoutEnabled, o.DialerRetries, o.DisableIdentity, o.MaintNotificationsConfig = true, 1, true, quiet()
	return redis.NewClient(o), nil
}

// quiet keeps the client from asking a server for what only some vendors' have.
func quiet() *maintnotifications.Config {
	return &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// sentinel gives the client of a master that Sentinel names. User and password are those of
// the servers; Sentinel's own are parameters.
func (t target) sentinel() (redis.UniversalClient, error) {
	master := t.query.Get("master_name")
	if len(t.path) > 0 && master == "" {
		master, t.path = t.path[0], t.path[1:]
	}
	if master == "" {
		return nil, errors.New("the name of the master is missing: write redis-sentinel://HOST:PORT,HOST:PORT/MASTER")
	}
	servers, err := url.Parse("redis://" + t.user + "host")
	if err != nil {
		return nil, errAddress
	}
	user, password := t.query.Get("sentinel_username"), t.query.Get("sentinel_password")
	for _, own := range []string{"master_name", "sentinel_username", "sentinel_password"} {
		t.query.Del(own)
	}
	t.user = ""
	o, err := redis.ParseFailoverURL(t.url())
	if err != nil {
		return nil, errAddress
	}
	o.MasterName, o.SentinelUsername, o.SentinelPassword = master, user, password
	o.Username = servers.User.Username()
	o.Password, _ = servers.User.Password()
	o.TLSConfig = anyHost(o.TLSConfig)
	o.ContextTimeoutEnabled, o.DialerRetries, o.DisableIdentity = true, 1, true
	return redis.NewFailoverClient(o), nil
}

func (t target) cluster() (redis.UniversalClient, error) {
	if len(t.path) > 0 {
		return nil, errors.New("a cluster has one database: leave out what stands behind the hosts")
	}
	o, err := redis.ParseClusterURL(t.url())
	if err != nil {
		return nil, errAddress
	}
	o.TLSConfig = anyHost(o.TLSConfig)
	o.ContextTimeoutEnabled, o.DialerRetries, o.DisableIdentity, o.MaintNotificationsConfig = true, 1, true, quiet()
	return redis.NewClusterClient(o), nil
}

// anyHost is TLS for several servers, each of which proves its own name. The client would have
// all of them prove the first one's.
func anyHost(c *tls.Config) *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.InsecureSkipVerify}
}

// silent is where the client's own log goes: what it says there comes back as an error too,
// and one line tells when Redis is gone and when it is back.
type silent struct{}

// Printf implements the client's logger.
func (silent) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(silent{}) }
