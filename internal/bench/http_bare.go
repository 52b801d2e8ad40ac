package bench

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"creditmsg/internal/korea"
	"creditmsg/internal/server"
)

// httpBare exchanges the same bodies with the vendor as the product does and writes the
// same rows of recipients, with encoding/json and net/http as they are: the least that
// a program does that can tell afterwards whom it reached.
func httpBare(ctx context.Context, a *arena) (out sample, err error) {
	pattern, err := a.bareRecipient(ctx)
	if err != nil {
		return sample{}, err
	}
	sessions, done, err := a.sessions(ctx, bareSenders+1)
	if err != nil {
		return sample{}, err
	}
	defer done()
	b := &bareVendor{arena: a, rows: a.engine.bulk(pattern.set("site_id", "bare-0")), came: make(chan bareLetter, bareSenders), client: &http.Client{}}
	door, err := b.open()
	if err != nil {
		return sample{}, err
	}
	vendor, err := a.startVendor(ctx, door)
	if err != nil {
		return sample{}, err
	}
	b.url = vendor.url
	out, err = a.measure(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, httpWithin)
		defer cancel()
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() error { return b.settle(ctx, sessions[bareSenders]) })
		g.Go(func() error { return a.chunks(ctx, sessions[:bareSenders], b.send) })
		return g.Wait()
	})
	if err != nil {
		return sample{}, err
	}
	err = sessions[0].row(ctx, "SELECT COUNT(*) FROM bare_recipient WHERE state = 'delivered' AND reported_at > 0 AND site_id = ?", []any{"bare-0"}, &out.units)
	return out, errors.Join(err, counted(int64(a.o.Size), out.units))
}

// bareSenders is how many calls are under way at once, as in the product.
const bareSenders = 4

// bareVendor is a baseline's end of the vendor's protocol.
type bareVendor struct {
	*arena
	rows   bulk
	url    string
	client *http.Client
	came   chan bareLetter
	ended  atomic.Int64 // recipients whose report is stored
}

// bareLetter is a body of reports that waits to be stored.
type bareLetter struct {
	seqs   []int64
	stored chan error
}

// open answers the vendor's reports until the round is over. Each is answered when it is
// stored, as the vendor wants it.
func (b *bareVendor) open() (url string, err error) {
	address, err := freePort()
	if err != nil {
		return "", err
	}
	s := &http.Server{Addr: address, ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(b.receive)}
	served := make(chan error, 1)
	go func() { served <- s.ListenAndServe() }()
	b.defers(func() error {
		err := s.Close()
		if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
			err = errors.Join(err, ended)
		}
		return err
	})
	return "http://" + address + "/", nil
}

// wireLeg and wireReport are what both sides say of one leg, as the vendor names it.
type wireLeg struct {
	To     string     `json:"to"`
	From   string     `json:"from"`
	Type   string     `json:"type"`
	Text   string     `json:"text"`
	Auto   bool       `json:"autoTypeDetect"`
	Custom wireCustom `json:"customFields"`
}

type wireCustom struct {
	Ref string `json:"ref"`
}

type wireReport struct {
	ID     string     `json:"messageId"`
	To     string     `json:"to"`
	Code   string     `json:"statusCode"`
	Text   string     `json:"statusMessage"`
	Custom wireCustom `json:"customFields"`
	At     string     `json:"dateReported"`
}

// send hands one chunk over: the rows, then a group, its legs, and off.
func (b *bareVendor) send(ctx context.Context, s session, from, to int) error {
	err := b.within(ctx, s, func() error { return b.rows.insert(ctx, s, int64(from), int64(to)) })
	if err != nil {
		return err
	}
	var group struct {
		ID string `json:"groupId"`
	}
	if err := b.ask(ctx, http.MethodPost, "", map[string]any{"strict": false, "allowDuplicates": false, "customFields": map[string]string{"batch": strconv.Itoa(from)}}, &group); err != nil {
		return err
	}
	legs := make([]wireLeg, 0, to-from)
	for i := from; i < to; i++ {
		legs = append(legs, wireLeg{To: string(korea.MobileNumber(uint32(12_000_000 + i))), From: "0261234567", Type: "SMS",
			Text: fmt.Sprintf("김하나%d님, 예약이 확정되었습니다.", i), Custom: wireCustom{fmt.Sprintf("bench-0.01k0000000000000000000000.%d.1.1", i)}})
	}
	var added struct {
		Results []wireReport `json:"resultList"`
	}
	if err := b.ask(ctx, http.MethodPut, "/"+group.ID+"/messages", map[string]any{"messages": legs}, &added); err != nil {
		return err
	}
	if len(added.Results) != len(legs) {
		return fmt.Errorf("the vendor took %d legs of %d", len(added.Results), len(legs))
	}
	return b.ask(ctx, http.MethodPost, "/"+group.ID+"/send", nil, &group)
}

// ask makes one signed request.
func (b *bareVendor) ask(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	if body == nil {
		text = nil
	}
	r, err := vendorRequest(ctx, method, b.url+groupsPath+path, text)
	if err != nil {
		return err
	}
	return exchange(b.client, r, http.StatusOK, into)
}

// groupsPath is where the vendor keeps groups, one for each hand-over.
const groupsPath = "/messages/v4/groups"

// vendorRequest makes a request and signs it as the vendor wants it.
func vendorRequest(ctx context.Context, method, address string, body []byte) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	date, salt := time.Now().UTC().Format(time.RFC3339), rand.Text()
	mac := hmac.New(sha256.New, []byte(server.SimulatorSecret))
	_, _ = io.WriteString(mac, date+salt) // a hash never fails
	r.Header.Set("Authorization", "HMAC-SHA256 apiKey="+server.SimulatorKey+", date="+date+", salt="+salt+", signature="+hex.EncodeToString(mac.Sum(nil)))
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

// receive reads a body of reports and answers when it is stored.
func (b *bareVendor) receive(w http.ResponseWriter, r *http.Request) {
	var reports []wireReport
	if err := json.NewDecoder(r.Body).Decode(&reports); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	l := bareLetter{stored: make(chan error, 1)}
	for _, one := range reports {
		parts := strings.Split(one.Custom.Ref, ".")
		seq, err := strconv.ParseInt(parts[min(2, len(parts)-1)], 10, 64)
		if err == nil && one.Code == "4000" {
			l.seqs = append(l.seqs, seq)
		}
	}
	select {
	case b.came <- l:
	case <-r.Context().Done():
		return
	}
	if err := <-l.stored; err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// settle stores the reports that have come, together as far as they are there, until
// all recipients have one.
func (b *bareVendor) settle(ctx context.Context, s session) error {
	for b.ended.Load() < int64(b.o.Size) {
		var all []bareLetter
		var seqs []int64
		for {
			if len(all) > 0 && (len(seqs) >= bareChunk || len(b.came) == 0) {
				break
			}
			select {
			case l := <-b.came:
				all, seqs = append(all, l), append(seqs, l.seqs...)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := b.within(ctx, s, func() error { return b.rows.update(ctx, s, seqs) })
		for _, l := range all {
			l.stored <- err
		}
		if err != nil {
			return err
		}
		b.ended.Add(int64(len(seqs)))
	}
	return nil
}
