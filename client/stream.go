package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"sync"
)

// ndjsonChunk is how many bytes are made from rows before some are handed on.
const ndjsonChunk = 32 << 10

var errStreamClosed = errors.New("the request is over")

// ndjson is the body of a streamed request: the message in its first line, then one
// recipient a line. It pulls rows only as fast as they are sent.
//
// The transport reads in a goroutine of its own and may close at any time, so every
// method takes the lock; an iterator must not be pulled and stopped at once.
type ndjson struct {
	mu     sync.Mutex
	next   func() (Recipient, error, bool)
	stop   func()
	buffer bytes.Buffer
	lines  *json.Encoder
	end    error // why there is no more: io.EOF, errStreamClosed or failed
	failed error // what rows yielded
}

func newNDJSON(d Draft, rows iter.Seq2[Recipient, error]) *ndjson {
	s := &ndjson{}
	s.next, s.stop = iter.Pull2(rows)
	s.lines = json.NewEncoder(&s.buffer)
	s.lines.SetEscapeHTML(false)
	d.Recipients = nil
	s.end = s.lines.Encode(d)
	return s
}

// Read gives the next bytes.
func (s *ndjson) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buffer.Len() == 0 && s.end == nil {
		s.fill()
	}
	if s.buffer.Len() > 0 && s.failed == nil {
		return s.buffer.Read(p)
	}
	return 0, s.end
}

// fill writes the next rows into the empty buffer.
func (s *ndjson) fill() {
	for s.buffer.Len() < ndjsonChunk {
		r, err, more := s.next()
		if !more {
			s.end = io.EOF
			return
		}
		if err == nil {
			err = s.lines.Encode(r)
		}
		if err != nil {
			s.end, s.failed = err, err
			return
		}
	}
}

// Close ends the walk over rows; afterwards they are not touched any more.
func (s *ndjson) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.buffer.Reset()
	s.end = errStreamClosed
	return nil
}

// failure is what rows yielded, if they failed.
func (s *ndjson) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
