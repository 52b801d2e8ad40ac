package alert

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// What a test's server answers instead of what it should.
const (
	cutNow  = "cut"  // the connection ends
	hangNow = "hang" // it says nothing more, until the other side leaves
)

// postbox is a mail server of its own, at a socket. Its script may answer any command in
// its own way: given the verb, with "." for the end of the data, it gives a reply, cutNow,
// hangNow, or "" for the right one.
type postbox struct {
	t      testing.TB
	l      net.Listener
	tls    *tls.Config
	roots  *x509.CertPool
	ports  int
	over   bool   // TLS from the first byte on
	login  string // user:password, "" = none needed
	hidden bool   // does not offer STARTTLS

	mu     sync.Mutex
	script func(verb string) string // guarded by mu
	mails  []delivered              // guarded by mu
	talk   []string                 // guarded by mu: what clients said
	came   chan struct{}            // gets a token for each mail
	wg     sync.WaitGroup
	conns  map[net.Conn]bool // guarded by mu
}

// delivered is a mail that the server took.
type delivered struct {
	to     string
	text   string
	secure bool
	login  string
}

func (d delivered) header(t testing.TB) mail.Header {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(d.text))
	if err != nil {
		t.Fatalf("a mail cannot be read: %v\n%s", err, d.text)
	}
	return m.Header
}

func newPostbox(t testing.TB, set ...func(*postbox)) *postbox {
	t.Helper()
	https := httptest.NewTLSServer(http.NotFoundHandler()) // which has a certificate for 127.0.0.1
	defer https.Close()
	b := &postbox{t: t, tls: &tls.Config{Certificates: https.TLS.Certificates}, roots: x509.NewCertPool(), came: make(chan struct{}, 10_000), conns: map[net.Conn]bool{}}
	b.roots.AddCert(https.Certificate())
	for _, f := range set {
		f(b)
	}
	var err error
	if b.l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	b.ports = b.l.Addr().(*net.TCPAddr).Port
	b.wg.Go(b.serve)
	t.Cleanup(b.close)
	return b
}

func (b *postbox) close() {
	_ = b.l.Close()
	b.mu.Lock()
	for c := range b.conns {
		_ = c.Close()
	}
	b.mu.Unlock()
	b.wg.Wait()
}

// options are those of a client of this server.
func (b *postbox) options() SMTP {
	o := SMTP{Host: "127.0.0.1", Port: b.ports, From: "Credit <alerts@credit.example>", TLS: StartTLS, Roots: b.roots}
	if b.over {
		o.TLS = TLS
	}
	if user, password, ok := strings.Cut(b.login, ":"); ok {
		o.User, o.Password = user, password
	}
	return o
}

func (b *postbox) behave(script func(verb string) string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.script = script
}

func (b *postbox) got() []delivered {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]delivered{}, b.mails...)
}

func (b *postbox) serve() {
	for {
		conn, err := b.l.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.conns[conn] = true
		b.mu.Unlock()
		b.wg.Go(func() {
			defer conn.Close()
			s := &talk{b: b, conn: conn}
			if b.over {
				s.upgrade()
			}
			s.r = bufio.NewReader(s.conn)
			s.run()
		})
	}
}

// talk is one connection.
type talk struct {
	b    *postbox
	conn net.Conn
	r    *bufio.Reader
	now  delivered
	auth string
	tls  bool
}

func (s *talk) upgrade() {
	s.conn = tls.Server(s.conn, s.b.tls)
	s.r, s.tls = bufio.NewReader(s.conn), true
}

func (s *talk) say(text string) bool {
	_, err := fmt.Fprintf(s.conn, "%s\r\n", text)
	return err == nil
}

// answer says the scripted reply to a verb, or the right one; false = the talk is over.
func (s *talk) answer(verb, right string) (said string, on bool) {
	if said = s.scripted(verb); said == "" {
		said = right
	}
	switch said {
	case cutNow:
		return said, false
	case hangNow:
		_, _ = s.r.ReadString(0) // ends when the client does
		return said, false
	}
	return said, s.say(said)
}

func (s *talk) run() {
	if _, on := s.answer("HELLO", "220 postbox ESMTP"); !on {
		return
	}
	for {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.b.mu.Lock()
		s.b.talk = append(s.b.talk, line)
		s.b.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		if !s.command(verb, line) {
			return
		}
	}
}

func (s *talk) command(verb, line string) (on bool) {
	said := ""
	switch verb {
	case "EHLO":
		_, on = s.answer(verb, s.extensions())
	case "STARTTLS":
		if said, on = s.answer(verb, "220 go ahead"); on && strings.HasPrefix(said, "220") {
			s.upgrade()
		}
	case "AUTH":
		on = s.login(line)
	case "MAIL":
		s.now = delivered{secure: s.tls, login: s.auth}
		if s.b.login != "" && s.auth == "" {
			return s.say("530 5.7.0 log in first")
		}
		_, on = s.answer(verb, "250 2.1.0 ok")
	case "RCPT":
		s.now.to = line[strings.Index(line, "<")+1 : strings.Index(line, ">")]
		_, on = s.answer(verb, "250 2.1.5 ok")
	case "DATA":
		if said, on = s.answer(verb, "354 go on"); on && strings.HasPrefix(said, "354") {
			on = s.data()
		}
	case "QUIT":
		s.answer(verb, "221 bye")
	default:
		_, on = s.answer(verb, "250 2.0.0 ok")
	}
	return on
}

func (s *talk) extensions() string {
	text := "250-postbox\r\n250-ENHANCEDSTATUSCODES\r\n"
	if !s.tls && !s.b.hidden {
		text += "250-STARTTLS\r\n"
	}
	if s.b.login != "" {
		text += "250-AUTH PLAIN\r\n"
	}
	return text + "250 8BITMIME"
}

func (s *talk) login(line string) bool {
	words := strings.Fields(line)
	plain, _ := base64.StdEncoding.DecodeString(words[len(words)-1])
	if given := strings.ReplaceAll(strings.TrimPrefix(string(plain), "\x00"), "\x00", ":"); given != s.b.login {
		return s.say("535 5.7.8 wrong user or password")
	}
	s.auth = s.b.login
	_, on := s.answer("AUTH", "235 2.7.0 welcome")
	return on
}

// data reads a mail. The script decides in its middle too, as MIDDLE, and at its end: only
// what is answered with 250, or cut after it was taken as TAKEN, is in the box.
func (s *talk) data() bool {
	var text strings.Builder
	for n := 0; ; n++ {
		line, err := s.r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		if n == 3 {
			if own := s.scripted("MIDDLE"); own == cutNow {
				return false
			}
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	s.now.text = text.String()
	if s.scripted("TAKEN") == cutNow {
		s.keep()
		return false
	}
	said, on := s.answer(".", "250 2.0.0 taken as "+strconv.Itoa(len(s.now.text)))
	if strings.HasPrefix(said, "250") {
		s.keep()
	}
	return on
}

// scripted asks the script, one connection after the other.
func (s *talk) scripted(verb string) string {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	if s.b.script == nil {
		return ""
	}
	return s.b.script(verb)
}

func (s *talk) keep() {
	s.b.mu.Lock()
	s.b.mails = append(s.b.mails, s.now)
	s.b.mu.Unlock()
	s.b.came <- struct{}{}
}
