package alert

import (
	"context"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/event"
	"creditmsg/internal/id"
)

// try hands one mail to a server.
func try(t *testing.T, b *postbox, set ...func(*SMTP)) result {
	t.Helper()
	s := &Service{o: Options{SMTP: b.options()}}
	s.o.SMTP.Timeout = 20 * time.Second
	for _, f := range set {
		f(&s.o.SMTP)
	}
	e := errand{event: event.Stored{ID: id.New(), At: db.At(noon)}, mark: "s0", contact: contact{kindMail, "a@shop.example", English}}
	var err error
	if e.written, err = write(English, "low", view{ID: "demo", Name: "우리 가게"}); err != nil {
		t.Fatal(err)
	}
	m, err := s.compose(e)
	if err != nil {
		t.Fatal(err)
	}
	return s.post(context.Background(), m)
}

func TestAMailIsHandedOverInEveryWayThatAServerMaySpeak(t *testing.T) {
	withLogin := func(b *postbox) { b.login = "user:pass word" }
	for name, c := range map[string]struct {
		set    []func(*postbox)
		change func(*SMTP)
		secure bool
	}{
		"starttls":           {nil, func(*SMTP) {}, true},
		"starttls and login": {[]func(*postbox){withLogin}, func(*SMTP) {}, true},
		"tls and login":      {[]func(*postbox){withLogin, func(b *postbox) { b.over = true }}, func(*SMTP) {}, true},
		"no tls":             {nil, func(o *SMTP) { o.TLS = NoTLS }, false},
		"no tls and login":   {[]func(*postbox){withLogin}, func(o *SMTP) { o.TLS = NoTLS }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newPostbox(t, c.set...)
			if r := try(t, b, c.change); r.outcome != sent {
				t.Fatalf("got %+v", r)
			}
			got := b.got()
			if len(got) != 1 || got[0].to != "a@shop.example" || got[0].secure != c.secure || got[0].login != b.login {
				t.Fatalf("the box has %+v", got)
			}
			if parts := bodies(t, got[0].text); !strings.Contains(parts["text/plain"], "우리 가게") || !strings.Contains(parts["text/html"], "우리 가게") {
				t.Errorf("parts: %q", parts)
			}
		})
	}
}

func TestWhatAServerAnswersDecidesWhetherAndHowSoonItIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		verb, says string
		want       result
		left       int // mails in the box all the same
	}{
		"busy at the greeting":        {"HELLO", "421 4.3.2 later", result{delayed, false, "smtp 421 before the mail"}, 0},
		"gone at the greeting":        {"HELLO", cutNow, result{delayed, false, "the server and we did not understand each other"}, 0},
		"no TLS after all":            {"STARTTLS", "454 4.7.0 not now", result{delayed, false, "smtp 454 before the mail"}, 0},
		"a sender it does not want":   {"MAIL", "550 5.7.1 not you", result{delayed, true, "smtp 550 5.7.1 at its sender"}, 0},
		"greylisting":                 {"RCPT", "451 4.7.1 come back", result{delayed, false, "smtp 451 4.7.1 at its recipient"}, 0},
		"nobody of that name":         {"RCPT", "550 5.1.1 <a@shop.example> unknown", result{refused, true, "smtp 550 5.1.1 at its recipient"}, 0},
		"nobody, said shortly":        {"RCPT", "550 unknown", result{refused, true, "smtp 550 at its recipient"}, 0},
		"no relaying":                 {"RCPT", "554 5.7.1 relay access denied", result{delayed, true, "smtp 554 5.7.1 at its recipient"}, 0},
		"a full mailbox":              {"RCPT", "552 5.2.2 full", result{delayed, true, "smtp 552 5.2.2 at its recipient"}, 0},
		"no data":                     {"DATA", "451 4.3.0 disk", result{delayed, false, "smtp 451 4.3.0 at its data"}, 0},
		"cut in the middle":           {"MIDDLE", cutNow, result{delayed, false, ""}, 0},
		"spam":                        {".", "554 5.6.0 spam", result{delayed, true, "smtp 554 5.6.0 at the mail's end"}, 0},
		"busy at the end":             {".", "452 4.3.1 disk", result{delayed, false, "smtp 452 4.3.1 at the mail's end"}, 0},
		"cut before the last answer":  {"TAKEN", cutNow, result{delayed, false, ""}, 1},
		"cut instead of a good-bye":   {"QUIT", cutNow, result{sent, false, ""}, 1},
		"nonsense at the good-bye":    {"QUIT", "500 what", result{sent, false, ""}, 1},
		"nonsense instead of answers": {"MAIL", "hello", result{delayed, false, "the server and we did not understand each other"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := newPostbox(t)
			b.behave(saying(c.verb, c.says))
			got := try(t, b)
			if c.want.why == "" && got.outcome == delayed { // the system says it in one of its words
				got.why = ""
			}
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if n := len(b.got()); n != c.left {
				t.Errorf("the box has %d mails, want %d", n, c.left)
			}
		})
	}
}

func TestAServerThatCannotBeTrustedOrReachedGetsNoMail(t *testing.T) {
	hidden := newPostbox(t, func(b *postbox) { b.hidden, b.login = true, "user:secret" })
	if r := try(t, hidden); r != (result{delayed, true, "the server does not offer STARTTLS"}) {
		t.Errorf("without STARTTLS: got %+v", r)
	}
	b := newPostbox(t, func(b *postbox) { b.login = "user:secret" })
	if r := try(t, b, func(o *SMTP) { o.Roots = nil }); r != (result{delayed, true, "the server's certificate is not trusted"}) {
		t.Errorf("a certificate of nobody: got %+v", r)
	}
	if r := try(t, b, func(o *SMTP) { o.Password = "wrong" }); r != (result{delayed, true, "smtp 535 before the mail"}) {
		t.Errorf("a wrong password: got %+v", r)
	}
	if len(b.got())+len(hidden.got()) != 0 {
		t.Error("a mail was handed over")
	}
	for _, line := range append(hidden.talk, b.talk[:1]...) {
		if strings.HasPrefix(line, "AUTH") {
			t.Errorf("a password was sent in clear text: %q", line)
		}
	}
	b.close()
	if r := try(t, b); r != (result{delayed, false, "the server cannot be reached"}) {
		t.Errorf("a server that is down: got %+v", r)
	}
}

func TestAServerThatSaysNothingIsLeftAfterTheTimeSet(t *testing.T) {
	for _, verb := range []string{"HELLO", "EHLO", "STARTTLS", "RCPT", "DATA", "."} {
		b := newPostbox(t)
		b.behave(saying(verb, hangNow))
		r := try(t, b, func(o *SMTP) { o.Timeout = 300 * time.Millisecond })
		if r != (result{delayed, false, "the server was too slow"}) {
			t.Errorf("silent at %s: got %+v", verb, r)
		}
	}
}

func TestAServerThatTricklesIsLeftAfterTheTimeSetToo(t *testing.T) {
	b := newPostbox(t)
	more := "250-x" + strings.Repeat("\r\n250-x", 100)
	b.behave(func(verb string) string {
		if verb == "EHLO" {
			return more // an answer that never ends
		}
		return ""
	})
	if r := try(t, b, func(o *SMTP) { o.Timeout = 300 * time.Millisecond }); r.outcome != delayed {
		t.Errorf("got %+v", r)
	}
}
