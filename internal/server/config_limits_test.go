package server

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
)

func fullLimits() LimitsConfig {
	return LimitsConfig{RequestsPerMinute: 600, RecipientsPerMinute: 20_000, RecipientsPerDay: 100_000,
		Token: TokenLimitsConfig{300, 10_000}, Address: AddressLimitsConfig{1200}, FailuresPerMinute: 30}
}

// limitVariables sets what fullLimits has.
func limitVariables(environ map[string]string) {
	environ["REDIS_URL"] = string(fullConfig().Redis.URL)
	for name, value := range map[string]string{"REQUESTS_PER_MINUTE": "600", "RECIPIENTS_PER_MINUTE": "20000", "RECIPIENTS_PER_DAY": "100000",
		"TOKEN_REQUESTS_PER_MINUTE": "300", "TOKEN_RECIPIENTS_PER_MINUTE": "10000", "ADDRESS_REQUESTS_PER_MINUTE": "1200", "FAILURES_PER_MINUTE": "30"} {
		environ["LIMITS_"+name] = value
	}
}

// Zero failures are any number, and only what is absent is the default.
func TestFailuresCanBeAnyNumber(t *testing.T) {
	for text, want := range map[string]int{"": 60, "limits:\n": 60, "limits:\n  failures_per_minute:\n": 60, "limits: {requests_per_minute: 3}\n": 60,
		"limits: {failures_per_minute: 0}\n": 0, "limits: {failures_per_minute: 5}\n": 5} {
		c, err := load(t, text)
		if err != nil || c.Limits.FailuresPerMinute != want {
			t.Errorf("%q: got %d, %v, want %d", text, c.Limits.FailuresPerMinute, err, want)
		}
	}
}

func TestLimitsThatMakeNoSenseAreToldWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"limits:\n  recipients_per_day: -1\n":                  "creditmsg.yaml:2: limits.recipients_per_day: want 0 (any number) to 10000000",
		"limits: {token: {requests_per_minute: 1e3}}\n":        "a whole number is wanted",
		"limits: {address: {requests_per_minute: 20000000}}\n": "limits.address.requests_per_minute: want 0",
		"redis: {url: \"redis://:secret@a,b\"}\n":              "creditmsg.yaml:1: redis.url: redis:// has one host",
		"redis: {url: \"http://:secret@a\"}\n":                 "it is not the address of a Redis",
	} {
		_, err := load(t, text)
		if got := complaints(t, err); !strings.Contains(got, want) || strings.Contains(got, "secret") {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTheAddressOfRedisMayComeFromAFile(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("redis.url", []byte("redis://:hunter2@redis.internal:6379/1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadConfig("", []string{"CREDITMSG_REDIS_URL_FILE=redis.url"})
	if err != nil || string(c.Redis.URL) != "redis://:hunter2@redis.internal:6379/1" || strings.Contains(c.String(), "hunter2") {
		t.Errorf("got %s, %v", c.Redis.URL, err)
	}
}

// A process with Redis counts there, says so at its start, and goes on without it.
func TestAProcessCountsInRedis(t *testing.T) {
	redis := miniredis.RunT(t)
	var log strings.Builder
	c := Config{Listen: "127.0.0.1:0", Database: DatabaseConfig{URL: Address("sqlite:" + filepath.Join(t.TempDir(), "x.db"))},
		Blob:  BlobConfig{URL: Address("file:" + t.TempDir())},
		Redis: RedisConfig{URL: Address("redis://" + redis.Addr())}, Limits: LimitsConfig{FailuresPerMinute: 100_000}}
	c.defaults()
	p, err := Open(t.Context(), c, Options{Roles: []string{RoleAPI}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	status := func() int {
		r, err := http.Get(p.URL() + "/v1/credit")
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		return r.StatusCode
	}
	for n := 0; n < 1000 && len(redis.Keys()) == 0; n++ {
		if got := status(); got != http.StatusUnauthorized {
			t.Fatalf("a request without a token got %d, want 401", got)
		}
	}
	if keys := redis.Keys(); len(keys) != 1 || !strings.HasPrefix(keys[0], "creditmsg:limit:{address:") {
		t.Errorf("Redis has the keys %v, want one of the address", keys)
	}
	redis.Close()
	for range 5 {
		if got := status(); got != http.StatusUnauthorized {
			t.Errorf("without Redis a request got %d", got)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for _, line := range []string{"limits are counted in Redis", "Redis does not answer"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log does not say %q:\n%s", line, log.String())
		}
	}
}

func TestTheDoctorLooksWhetherRedisAnswers(t *testing.T) {
	redis := miniredis.RunT(t)
	c := Config{Database: DatabaseConfig{URL: Address("sqlite:" + filepath.Join(t.TempDir(), "x.db"))}, Blob: BlobConfig{URL: Address("file:" + t.TempDir())}}
	c.defaults()
	p, err := OpenOperator(t.Context(), c, OperatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	look := func(url string) string {
		p.config.Redis.URL = Address(url)
		text := ""
		for _, c := range p.checkRedis(t.Context()) {
			text += c.Status + " " + c.Name + ": " + c.Detail
		}
		return text
	}
	if got := look(""); got != "" {
		t.Errorf("without Redis and without limits: %s", got)
	}
	address := "redis://" + redis.Addr()
	if got := look(address); got != "ok redis: it answers" {
		t.Errorf("got %s", got)
	}
	redis.Close()
	if got := look(address); !strings.HasPrefix(got, "wrong redis: it does not answer") {
		t.Errorf("got %s", got)
	}
}
