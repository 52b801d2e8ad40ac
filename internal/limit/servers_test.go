package limit

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Sets of real servers, which the tests start and end themselves: a cluster of three, and a
// master with its replica and Sentinel.

// served is one redis-server.
type served struct {
	address string
	port    int
	client  *redis.Client
}

// serve starts a server that has a password ("" = none), and ends it with the test.
func serve(t *testing.T, password, conf string, args ...string) served {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("redis-server is not here (Debian: apt-get install redis-server, or tools/engines with …): %v", err)
	}
	port := freePort(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "redis.conf")
	text := fmt.Sprintf("bind 127.0.0.1\ndir %s\nport %d\n", dir, port) + conf
	if password != "" {
		text += "requirepass " + password + "\nmasterauth " + password + "\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program, append([]string{file}, args...)...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	s := served{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), port: port}
	s.client = redis.NewClient(&redis.Options{Addr: s.address, Password: password, DisableIdentity: true, MaintNotificationsConfig: quiet()})
	t.Cleanup(func() { _ = s.client.Close() })
	eventually(t, "a server answers", func(ctx context.Context) bool { return s.client.Ping(ctx).Err() == nil })
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// eventually looks until something holds.
func eventually(t *testing.T, what string, holds func(context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for tick := time.NewTicker(20 * time.Millisecond); !holds(ctx); <-tick.C {
		if ctx.Err() != nil {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func (s served) do(t *testing.T, args ...any) {
	t.Helper()
	if err := s.client.Do(t.Context(), args...).Err(); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
}

const keepsNothing = "save \"\"\nappendonly no\n"

// countsIn takes by an address, with several rules at once and for many keys, so that all nodes
// of a cluster are asked.
func countsIn(t *testing.T, address string) *place {
	t.Helper()
	p := &place{store: opened(t, address)}
	hour := func(name string, n int64) Rule { return Rule{Name: name, Limit: n, Period: time.Hour} }
	for range 50 {
		p.key = fresh()
		takes := []Take{{hour("a", 4), "", 1}, {hour("b", 3), "part", 3}}
		owed, passed, err := p.store.take(t.Context(), p.key, takes)
		if err != nil || !passed || owed[0]/1e6 != 900 || owed[1]/1e6 != 3600 {
			t.Fatalf("got %v, %t, %v", owed, passed, err)
		}
		if _, passed, err := p.store.take(t.Context(), p.key, takes); err != nil || passed {
			t.Fatalf("the second passed is %t, %v", passed, err)
		}
	}
	return p
}

// withServers says whether servers are meant to be tested.
func withServers() bool { return os.Getenv("CREDITMSG_TEST_ENGINES") == "" }

func TestLimitsAreCountedInACluster(t *testing.T) {
	if !withServers() {
		return
	}
	var nodes []served
	for i := range 3 {
		s := serve(t, "p%t", keepsNothing+fmt.Sprintf("cluster-enabled yes\ncluster-port %d\n", freePort(t)))
		nodes = append(nodes, s)
		s.do(t, "CLUSTER", "ADDSLOTSRANGE", i*5500, min(i*5500+5499, 16383))
	}
	for _, s := range nodes[1:] {
		bus, err := s.client.ConfigGet(t.Context(), "cluster-port").Result()
		if err != nil {
			t.Fatal(err)
		}
		nodes[0].do(t, "CLUSTER", "MEET", "127.0.0.1", s.port, bus["cluster-port"])
	}
	for _, s := range nodes {
		eventually(t, "the cluster is whole", func(ctx context.Context) bool {
			info := s.client.ClusterInfo(ctx).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		})
	}
	countsIn(t, "redis-cluster://:p%25t@"+nodes[1].address+","+nodes[2].address)
}

// A master that is replaced by its replica costs what it had counted, and no request.
func TestLimitsAreCountedAtTheMasterThatSentinelNames(t *testing.T) {
	if !withServers() {
		return
	}
	master := serve(t, "secret", keepsNothing)
	replica := serve(t, "secret", keepsNothing+fmt.Sprintf("replicaof 127.0.0.1 %d\n", master.port))
	sentinel := serve(t, "", fmt.Sprintf("sentinel monitor main 127.0.0.1 %d 1\nsentinel auth-pass main secret\nsentinel down-after-milliseconds main 1000\n", master.port), "--sentinel")
	eventually(t, "Sentinel knows the replica", func(ctx context.Context) bool {
		list, err := sentinel.client.Do(ctx, "SENTINEL", "REPLICAS", "main").Slice()
		return err == nil && len(list) == 1 && strings.Contains(fmt.Sprint(list), "master-link-status:ok")
	})
	address := "redis-sentinel://:secret@" + sentinel.address + "/main"
	p := countsIn(t, address)

	eventually(t, "Sentinel begins to replace the master", func(ctx context.Context) bool {
		return sentinel.client.Do(ctx, "SENTINEL", "FAILOVER", "main").Err() == nil
	})
	eventually(t, "the replica is the master", func(ctx context.Context) bool {
		return strings.Contains(replica.client.Info(ctx, "replication").Val(), "role:master")
	})
	eventually(t, "the client has followed", func(ctx context.Context) bool {
		_, passed, err := p.store.take(ctx, fresh(), []Take{{perMinute(1), "", 1}})
		return err == nil && passed
	})
}
