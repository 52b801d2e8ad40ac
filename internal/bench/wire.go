package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// wire is one keep-alive connection that sends one request after another. It is
// written by hand: a full HTTP client costs as much processor as the server that is to
// be measured beside it.
type wire struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte // what post sends
	status  []byte // the first line of the right answer
}

// messageRequest is the whole request that posts a message.
func messageRequest(address, token, body string) []byte {
	return []byte("POST /v1/messages HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\n" +
		"Authorization: Bearer " + token + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
}

// dialAll opens n connections that post the same message.
func dialAll(address, token string, n int) ([]*wire, error) {
	request := messageRequest(address, token, apiBody)
	var wires []*wire
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			closeAll(wires)
			return nil, fmt.Errorf("connect: %w", err)
		}
		wires = append(wires, &wire{conn, bufio.NewReader(conn), request, []byte("HTTP/1.1 202 Accepted\r\n")})
	}
	return wires, nil
}

func closeAll(wires []*wire) {
	for _, w := range wires {
		_ = w.conn.Close() // the answers are in
	}
}

var errChunked = errors.New("the answer has no Content-Length")

// post sends the wire's own request again.
func (w *wire) post() error { return w.send(w.request) }

// send sends a request and reads the whole answer; any but 202 is an error.
func (w *wire) send(request []byte) error {
	first, err := w.begin(request)
	if err != nil {
		return err
	}
	if !bytes.Equal(first, w.status) {
		rest := make([]byte, 1000)
		n, _ := w.in.Read(rest) // as much as there is, for the error's text
		return fmt.Errorf("answered %s%s", first, rest[:n])
	}
	return w.end()
}

// ask sends a request, reads the whole answer and gives its status.
func (w *wire) ask(request []byte) (status int, err error) {
	first, err := w.begin(request)
	if err != nil {
		return 0, err
	}
	parts := bytes.SplitN(first, []byte(" "), 3)
	if len(parts) != 3 {
		return 0, fmt.Errorf("answered %s", first)
	}
	if status, err = strconv.Atoi(string(parts[1])); err != nil {
		return 0, fmt.Errorf("answered %s", first)
	}
	return status, w.end()
}

// begin sends a request and gives the first line of the answer, good until the next read.
func (w *wire) begin(request []byte) ([]byte, error) {
	if _, err := w.conn.Write(request); err != nil {
		return nil, fmt.Errorf("send: %w", err)
	}
	first, err := w.in.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	return first, nil
}

// end reads the rest of an answer.
func (w *wire) end() error {
	length := -1
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return fmt.Errorf("read the answer: %w", err)
			}
		}
	}
	if length < 0 {
		return errChunked
	}
	if _, err := io.CopyN(io.Discard, w.in, int64(length)); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}
