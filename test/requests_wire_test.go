package test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"creditmsg/internal/api/apitest"
)

// wire is one connection to the program, on which anything can be said.
type wire struct {
	address string
	conn    net.Conn // nil = none
	in      *bufio.Reader
}

// answerWithin is far more than an answer takes.
const answerWithin = 30 * time.Second

// say says the bytes of one request and reads the whole answer to it. A connection that was
// closed between two requests is opened anew.
func (w *wire) say(method string, text []byte) (reply apitest.Reply, err error) {
	for range 2 {
		if err = w.open(); err != nil {
			return reply, err
		}
		var fresh bool
		if reply, fresh, err = w.exchange(method, text); err == nil || fresh {
			return reply, err
		}
	}
	return reply, err
}

func (w *wire) open() (err error) {
	if w.conn == nil {
		if w.conn, err = net.Dial("tcp", w.address); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		w.in = bufio.NewReader(w.conn)
	}
	return nil
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// exchange is one request and its answer; said tells whether some of an answer came.
func (w *wire) exchange(method string, text []byte) (reply apitest.Reply, said bool, err error) {
	_ = w.conn.SetDeadline(time.Now().Add(answerWithin))
	if _, err = w.conn.Write(text); err != nil && !errors.Is(err, io.ErrShortWrite) {
		// The server may answer and close before it has read everything.
		err = nil
	}
	for {
		res, err := http.ReadResponse(w.in, &http.Request{Method: strings.ToUpper(method)})
		if err != nil {
			w.close()
			return reply, said, fmt.Errorf("read the answer: %w", err)
		}
		said = true
		body, err := io.ReadAll(res.Body)
		if err != nil {
			w.close()
			if res.Close && res.StatusCode >= 400 { // closed while we were still speaking
				return apitest.Reply{Status: res.StatusCode, Header: res.Header, Body: body}, said, nil
			}
			return reply, said, fmt.Errorf("read the answer's body: %w", err)
		}
		if res.StatusCode < 200 { // go on
			continue
		}
		if res.Close {
			w.close()
		}
		return apitest.Reply{Status: res.StatusCode, Header: res.Header, Body: body}, said, nil
	}
}

// shout says bytes on a connection of their own, says that this was all, and reads whatever is
// answered until the end.
func shout(address string, text []byte) ([]byte, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerWithin))
	_, _ = conn.Write(text) // it may be closed on the way
	_ = conn.(*net.TCPConn).CloseWrite()
	var out bytes.Buffer
	if _, err := io.Copy(&out, conn); err != nil && errors.Is(err, errTimeout(err)) {
		return out.Bytes(), fmt.Errorf("no end came: %w", err)
	}
	return out.Bytes(), nil
}

// errTimeout gives the error itself if it is a time-out: a connection that is reset has ended.
func errTimeout(err error) error {
	var n net.Error
	if errors.As(err, &n) && n.Timeout() {
		return err
	}
	return io.EOF
}

// fraction is the rest of a measurement such as 0.027319999900000002, which may have the digits of
// anybody's number.
var fraction = regexp.MustCompile(`([0-9])\.[0-9]+`)

// unseen complains if a reply to the asking site holds something of the hidden one that the
// request did not hold already.
func (a *asked) unseen(request []byte, reply apitest.Reply) error {
	whole := reply.Body
	for name, values := range reply.Header {
		whole = append(whole[:len(whole):len(whole)], []byte(name+": "+strings.Join(values, ",")+"\n")...)
	}
	telling := fraction.ReplaceAll(whole, []byte("$1"))
	for _, secret := range append(hiddenNumbers, mark) {
		if bytes.Contains(telling, []byte(secret)) && !bytes.Contains(request, []byte(secret)) {
			return fmt.Errorf("it shows %q of the other site", secret)
		}
	}
	for _, id := range apitest.ID.FindAll(whole, -1) {
		if a.secret[string(id)] && !bytes.Contains(request, id) && !strings.Contains(unescaped(request), string(id)) {
			return fmt.Errorf("it shows %s of the other site", id)
		}
	}
	return nil
}

func unescaped(request []byte) string {
	text, err := url.PathUnescape(string(request))
	if err != nil {
		return string(request)
	}
	return text
}
