package main

import (
	"strings"
	"testing"
)

func TestPeopleAndRolesAreKeptAtTheCommandLine(t *testing.T) {
	office(t)
	shop(t)
	made := object(t, done(t, "user", "create", "Kim@Example.com", "--role", "owner", "--site", "shop", "--name", "김하나", "--json"))
	password, _ := made["password"].(string)
	if made["email"] != "kim@example.com" || len(password) < 10 || !strings.HasPrefix(made["id"].(string), "usr_") {
		t.Errorf("the account is %v", made)
	}
	again := object(t, done(t, "user", "create", "kim@example.com", "--role", "support", "--json"))
	if again["password"] != nil || again["id"] != made["id"] {
		t.Errorf("the account that was there is %v", again)
	}
	list := done(t, "user", "list")
	wants(t, "the list", list, "kim@example.com", "김하나", "support on all sites; owner on shop", "active")
	if strings.Contains(list, password) {
		t.Error("the list shows a password")
	}
	done(t, "role", "set", "marketing", "--site", "shop", "--permission", "messages,stats:read", "--permission", "contacts")
	wants(t, "the roles", done(t, "role", "list", "shop"), "marketing", "messages,stats:read contacts", "built in")
	done(t, "user", "roles", "kim@example.com", "--site", "shop", "--role", "marketing,viewer")
	wants(t, "the list", done(t, "user", "list", "shop"), "marketing, viewer on shop")
	refused(t, 1, []string{"role", "remove", "marketing", "--site", "shop"}, "take it from them first")
	done(t, "user", "roles", "kim@example.com", "--site", "shop")
	done(t, "role", "remove", "marketing", "--site", "shop")
	wants(t, "the account", done(t, "user", "disable", made["id"].(string)), "disabled")
	wants(t, "the account", done(t, "user", "enable", "kim@example.com"), "active")
	done(t, "user", "drop-second-factor", "kim@example.com")
	wants(t, "a new password", done(t, "user", "passwd", "kim@example.com"), "password  ")

	for _, c := range []struct {
		typed string
		args  []string
		code  int
	}{
		{"a password of mine\n", []string{"user", "passwd", "kim@example.com", "--password-stdin", "--json"}, 0},
		{"short\n", []string{"user", "passwd", "kim@example.com", "--password-stdin"}, 1},
		{"", []string{"user", "passwd", "kim@example.com", "--password-stdin"}, 2},
	} {
		if code, out, errs := run(t, c.typed, c.args...); code != c.code || strings.Contains(out, `"password"`) {
			t.Errorf("%q: got %d, %s%s, want %d and no password", c.typed, code, out, errs, c.code)
		}
	}
	refused(t, 1, []string{"user", "create", "kim", "--role", "owner", "--site", "shop"}, "mailbox")
	refused(t, 1, []string{"user", "create", "a@example.com", "--role", "boss", "--site", "shop"}, "boss")
	refused(t, 1, []string{"user", "create", "a@example.com", "--role", "operator", "--site", "shop"}, "not of a site")
	refused(t, 1, []string{"user", "disable", "nobody@example.com"}, "there is no user")
	refused(t, 1, []string{"user", "disable", "x"}, "user list shows them")
	refused(t, 1, []string{"role", "set", "owner", "--permission", "credit"}, "built in")
	refused(t, 1, []string{"role", "set", "chief", "--permission", "operator"}, "operator's alone")
}

func TestATokenIsRotatedAtTheCommandLine(t *testing.T) {
	office(t)
	shop(t)
	made := object(t, done(t, "token", "create", "shop", "--name", "app", "--ability", "*", "--address", "203.0.113.0/24,2001:db8::1", "--json"))
	wants(t, "the list", done(t, "token", "list", "shop"), "203.0.113.0/24, 2001:db8::1/128")
	next := object(t, done(t, "token", "rotate", made["id"].(string), "--json"))
	if next["token"] == made["token"] || next["id"] != made["id"] || next["previous_until"] == nil {
		t.Errorf("got %v", next)
	}
	done(t, "token", "rotate", made["id"].(string), "--overlap", "0")
	refused(t, 1, []string{"token", "rotate", made["id"].(string), "--overlap", "90d"}, "/overlap")
	refused(t, 1, []string{"token", "rotate", made["id"].(string), "--overlap", "soon"}, "--overlap")
	refused(t, 1, []string{"token", "create", "shop", "--name", "x", "--ability", "*", "--address", "here"}, "/addresses/0")
}
