package alert

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"os"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// The ways to the server.
const (
	StartTLS = "starttls" // in clear text until the server speaks TLS, which it must
	TLS      = "tls"      // from the first byte on
	NoTLS    = "none"     // for a server on the same machine
)

// post hands one mail to the server. It never returns what a server said in its own words.
func (s *Service) post(ctx context.Context, m *gomail.Msg) result {
	ctx, cancel := context.WithTimeout(ctx, s.o.SMTP.Timeout)
	defer cancel()
	w := &wire{o: s.o.SMTP, conns: make(chan net.Conn, 1)}
	defer w.cut()
	stop := context.AfterFunc(ctx, w.cut) // whatever is being waited for
	defer stop()
	client, err := w.client()
	if err != nil {
		return result{delayed, true, "alerts.smtp: " + err.Error()}
	}
	if err := client.DialWithContext(ctx); err != nil {
		return dialled(ctx, err)
	}
	err = client.Send(m)
	if m.IsDelivered() { // whatever happened after the server's last answer
		_ = client.Close()
		return result{outcome: sent}
	}
	return judged(ctx, err)
}

// wire is the connection of one mail. Whoever made it cuts it: the library leaves it open
// when a greeting fails, and would end a half-written mail as if it were whole when it says
// good-bye.
type wire struct {
	o     SMTP
	conns chan net.Conn // one at most
}

func (w *wire) client() (*gomail.Client, error) {
	o := w.o
	config := &tls.Config{ServerName: o.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if o.TLS == TLS {
			conn = tls.Client(conn, config)
		}
		w.conns <- conn
		return conn, nil
	}
	// The context ends everything after the time set; the library's own time-out, which it
	// begins anew with each mail, only has to be longer.
	options := []gomail.Option{
		gomail.WithTimeout(2 * o.Timeout), gomail.WithDialContextFunc(dial), gomail.WithTLSConfig(config),
		gomail.WithoutNoop(), gomail.WithoutRset(), gomail.WithoutSMTPUTF8(), gomail.WithPort(o.port()),
	}
	switch o.TLS {
	case TLS: // which the connection speaks already
		options = append(options, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if o.User != "" {
		auth := gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5)
		if o.TLS == NoTLS {
			auth = gomail.WithSMTPAuth(gomail.SMTPAuthPlainNoEnc) // on the same machine, as the configuration sees to
		}
		options = append(options, auth, gomail.WithUsername(o.User), gomail.WithPassword(o.Password))
	}
	return gomail.NewClient(o.Host, options...)
}

func (o SMTP) port() int {
	switch {
	case o.Port != 0:
		return o.Port
	case o.TLS == TLS:
		return gomail.DefaultPortSSL
	case o.TLS == NoTLS:
		return gomail.DefaultPort
	}
	return gomail.DefaultPortTLS
}

// cut ends the connection, if there is one, without a word.
func (w *wire) cut() {
	select {
	case conn := <-w.conns:
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn() // a farewell in TLS would wait for a server that does not read
		}
		_ = conn.Close()
	default:
	}
}

// dialled says what a connection came to that did not get as far as the mail.
func dialled(ctx context.Context, err error) result {
	if code, ok := errors.AsType[*textproto.Error](err); ok {
		return result{delayed, code.Code >= 500, fmt.Sprintf("smtp %d before the mail", code.Code)}
	}
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case unverified:
		return result{delayed, true, "the server's certificate is not trusted"}
	case strings.HasPrefix(err.Error(), "STARTTLS mode set"): // the library has no other word for it
		return result{delayed, true, "the server does not offer STARTTLS"}
	}
	return result{delayed, false, broken(ctx, err)}
}

// judged says what a server's answer to a mail, or its silence, means.
func judged(ctx context.Context, err error) result {
	said, ok := errors.AsType[*gomail.SendError](err)
	code := 0
	if ok {
		code = said.ErrorCode()
	}
	if code == 0 {
		return result{delayed, false, broken(ctx, err)}
	}
	phase := "at the mail's end"
	switch said.Reason {
	case gomail.ErrSMTPMailFrom:
		phase = "at its sender"
	case gomail.ErrSMTPRcptTo:
		phase = "at its recipient"
	case gomail.ErrSMTPData:
		phase = "at its data"
	}
	r := result{delayed, code >= 500, strings.Join(strings.Fields(fmt.Sprintf("smtp %d %s %s", code, said.EnhancedStatusCode(), phase)), " ")}
	if said.Reason == gomail.ErrSMTPRcptTo && nobody(code, said.EnhancedStatusCode()) {
		r.outcome = refused
	}
	return r
}

// nobody reports whether a server's answer to a recipient says that there is none: an answer
// about relaying, policy or space is the operator's or passes.
func nobody(code int, enhanced string) bool {
	switch {
	case strings.HasPrefix(enhanced, "5.1.") || enhanced == "5.2.1":
		return true
	case enhanced != "":
		return false
	}
	return code == 550 || code == 551 || code == 553
}

// broken names what went wrong with a connection, without an address of anybody.
func broken(ctx context.Context, err error) string {
	operation, isOp := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case isDNS:
		return "the server's name was not found"
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return "the server was too slow"
	case isOp && operation.Op == "dial":
		return "the server cannot be reached"
	case isOp:
		return "the connection broke"
	}
	return "the server and we did not understand each other"
}
