package message

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"creditmsg/internal/id"
	"creditmsg/internal/site"
)

// BatchSize is the number of recipients that one batch body holds; the last
// batch of a message may hold fewer. A recipient's batch is its seq / BatchSize.
const BatchSize = 1000

// Seq numbers the accepted recipients of a message from 0, in the order given.
type Seq uint32

// Batch gives the number of the batch that holds the recipient.
func (s Seq) Batch() int { return int(s) / BatchSize }

// Person is one accepted recipient as the batch body keeps it.
type Person struct {
	Mobile uint32 // the eight digits after 010
	Class  uint8
	Index  uint32   // position in the request, as rejections count it
	Values []string // by the message's list of variables
}

// packer collects people into one batch body.
type packer struct {
	plain  []byte
	finder []uint32
	counts []int64 // by class
	size   int
}

func (p *packer) add(who Person, finger uint32) {
	p.plain = binary.BigEndian.AppendUint32(p.plain, who.Mobile)
	p.plain = append(p.plain, who.Class)
	p.plain = binary.AppendUvarint(p.plain, uint64(who.Index))
	for _, v := range who.Values {
		p.plain = binary.AppendUvarint(p.plain, uint64(len(v)))
		p.plain = append(p.plain, v...)
	}
	p.finder = append(p.finder, finger)
	for len(p.counts) <= int(who.Class) {
		p.counts = append(p.counts, 0)
	}
	p.counts[who.Class]++
	p.size++
}

// packed is a batch ready to be written.
type packed struct {
	no     int
	size   int
	counts []int64
	body   []byte // compressed and sealed
	finder []byte // sorted 32-bit keyed hashes, big endian
}

// seal closes the packer's batch and empties it for the next.
func (p *packer) seal(key *site.Key, message id.ID, no int) (packed, error) {
	small, err := deflate(p.plain)
	if err != nil {
		return packed{}, fmt.Errorf("compress batch %d of message %s: %w", no, message, err)
	}
	slices.Sort(p.finder)
	out := packed{no: no, size: p.size, counts: slices.Clone(p.counts)}
	out.body = key.Seal(bodyContext(message, no), small)
	out.finder = make([]byte, 0, 4*len(p.finder))
	for _, f := range p.finder {
		out.finder = binary.BigEndian.AppendUint32(out.finder, f)
	}
	p.plain, p.finder, p.counts, p.size = p.plain[:0], p.finder[:0], p.counts[:0], 0
	return out, nil
}

func bodyContext(message id.ID, no int) string {
	return fmt.Sprintf("batch %s %d", message, no)
}

var errBody = errors.New("the body of the batch is damaged")

// unpack opens a batch body. The values share one string.
func unpack(key *site.Key, message id.ID, no int, body []byte, variables int) ([]Person, error) {
	small, err := key.Open(bodyContext(message, no), body)
	if err != nil {
		return nil, fmt.Errorf("open batch %d of message %s: %w", no, message, err)
	}
	plain, err := inflate(small)
	if err != nil {
		return nil, fmt.Errorf("inflate batch %d of message %s: %w", no, message, err)
	}
	people, err := readPeople(plain, variables)
	if err != nil {
		return nil, fmt.Errorf("read batch %d of message %s: %w", no, message, err)
	}
	return people, nil
}

func readPeople(plain []byte, variables int) ([]Person, error) {
	text := string(plain)
	people := make([]Person, 0, BatchSize)
	values := make([]string, 0, BatchSize*variables)
	for len(plain) > 0 {
		if len(plain) < 6 {
			return nil, errBody
		}
		who := Person{Mobile: binary.BigEndian.Uint32(plain), Class: plain[4]}
		plain = plain[5:]
		index, n := binary.Uvarint(plain)
		if n <= 0 {
			return nil, errBody
		}
		who.Index, plain = uint32(index), plain[n:]
		from := len(values)
		for range variables {
			size, n := binary.Uvarint(plain)
			if n <= 0 || size > uint64(len(plain)-n) {
				return nil, errBody
			}
			at := len(text) - len(plain) + n
			values = append(values, text[at:at+int(size)])
			plain = plain[n+int(size):]
		}
		who.Values = values[from:len(values):len(values)]
		people = append(people, who)
	}
	return people, nil
}

// inFinder reports whether a finder may hold a number with this keyed hash.
func inFinder(finder []byte, finger uint32) bool {
	lo, hi := 0, len(finder)/4
	for lo < hi {
		mid := (lo + hi) / 2
		switch f := binary.BigEndian.Uint32(finder[4*mid:]); {
		case f == finger:
			return true
		case f < finger:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}

var writers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(io.Discard, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is a constant
	}
	return w
}}

func deflate(plain []byte) ([]byte, error) {
	var out bytes.Buffer
	w := writers.Get().(*flate.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func inflate(small []byte) ([]byte, error) {
	r := flate.NewReader(bytes.NewReader(small))
	defer func() { _ = r.Close() }() // a reader over memory has nothing to say at its end
	return io.ReadAll(r)
}
