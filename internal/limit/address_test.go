package limit

import (
	"strings"
	"testing"
)

func TestAddressesOfRedisAreRead(t *testing.T) {
	for _, c := range []struct{ address, want string }{
		{"redis://127.0.0.1:6379", ""},
		{"redis://127.0.0.1", ""},
		{"redis://user:pass@redis.internal:6379/3", ""},
		{"redis://[::1]:6379", ""},
		{"rediss://redis.internal", ""},
		{"redis-sentinel://a:26379,b:26379,c/main", ""},
		{"redis-sentinel://user:pass@a,b/main/2?sentinel_password=other", ""},
		{"redis-sentinel://a?master_name=main", ""},
		{"rediss-sentinel://a/main", ""},
		{"redis-cluster://a:7000,b:7001", ""},
		{"rediss-cluster://user:pass@a", ""},
		{"", "not the address"},
		{"127.0.0.1:6379", "not the address"},
		{"http://127.0.0.1", "not the address"},
		{"redis-", "not the address"},
		{"redis-://a", "not the address"},
		{"redis-other://a", "not the address"},
		{"redis://", "not the address"},
		{"redis-cluster://a,,b", "not the address"},
		{"redis://a,b", "one host"},
		{"redis://a/x", "not the address"},
		{"redis://a?no_such=1", "not the address"},
		{"redis://a:x", "not the address"},
		{"redis://us%zzer@a", "percent-encoded"},
		{"redis-sentinel://a:1", "the name of the master is missing"},
		{"redis-sentinel://us%zzer@a/main", "percent-encoded"},
		{"redis-cluster://a/1", "one database"},
	} {
		err := ValidAddress(c.address)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.address, err, c.want)
		}
	}
}

// No error repeats a password.
func FuzzAnAddressIsReadOrRefusedWithoutItsPassword(f *testing.F) {
	for _, seed := range []string{"redis://:hunter2@a:6379/0", "redis-sentinel://u:hunter2@a,b/m", "redis-cluster://:hunter2@a:1,b:2?x=y",
		"redis://:hunter2%zz@a", "redis://:hunter2@[::1", "rediss-cluster://u:hunter2@a/1", "://hunter2", "redis://u:1/hunter2@a", "redis://u:a?hunter2@b", "redis-sentinel://u:1/hunter2/x@a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if err := ValidAddress(address); err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error of %q repeats its password: %v", address, err)
		}
	})
}
