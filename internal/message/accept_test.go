package message

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/event"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
)

func TestAnAcceptedMessageIsWhole(t *testing.T) {
	onEach(t, func(s *shop) {
		r := kakaoFirst()
		r.Title, r.Metadata = "11월 안내", []byte(`{"order":"A-1"}`)
		d := s.add(s.draft(r), 3)
		s.must(d.Add(ctx, "02-1", nil))
		receipt, err := d.Accept(ctx, nil)
		s.must(err)
		m := s.find(receipt.Message)
		if m.State != StateAccepted || m.Total != 4 || m.Accepted != 3 || m.Rejected != 1 || m.Batches != 1 || m.Pending() != 3 || m.CreatedAt != db.At(s.time()) {
			s.t.Errorf("message %+v", m)
		}
		if receipt.State != StateAccepted || receipt.Tally.Estimated != 27*won || receipt.Tally.Held != 54*won ||
			receipt.Tally.Planned[provider.Alimtalk] != 3 || receipt.Tally.Fallback[provider.SMS] != 3 {
			s.t.Errorf("receipt %+v", receipt)
		}
		s.wantMoney(946, 54, 0)
		s.view(func(tx *db.Tx) error {
			content, err := s.service.Content(tx, m)
			if content.Title != r.Title || string(content.Metadata) != string(r.Metadata) || content.Text.From != "0261234567" || content.Alimtalk.Code != "RESERVE_01" {
				s.t.Errorf("content %+v, %v", content, err)
			}
			events, err := event.List(tx, s.name, id.ID{}, 10)
			if len(events) != 1 || events[0].Type != "message.accepted" || events[0].Ref != m.ID.Text(id.Message) {
				s.t.Errorf("events %+v, want one message.accepted", events)
			}
			reserved, err2 := s.ledger.Reservations(tx, s.name, m.ID)
			if len(reserved) != 1 || reserved[0].Reserved != 54*won {
				s.t.Errorf("reservations %+v, want one of 54", reserved)
			}
			return errors.Join(err, err2)
		})
		if got := s.sending(m.Key); len(got) != 1 {
			s.t.Errorf("send jobs %v, want one", got)
		}
	})
}

func TestWhatAMessageSaysIsSealed(t *testing.T) {
	onEach(t, func(s *shop) {
		receipt := s.accept(kakaoFirst(), 1)
		s.view(func(tx *db.Tx) error {
			for table, column := range map[string]string{"message": "content", "batch": "body"} {
				key := map[string]string{"message": "id", "batch": "message_id"}[table]
				var stored []byte
				err := tx.QueryRow(`SELECT `+column+` FROM `+table+` WHERE site_id = ? AND `+key+` = ?`, s.name, receipt.Message.ID).Scan(&stored)
				if err != nil {
					return err
				}
				for _, secret := range []string{"예약", "김하나", "RESERVE", "10000000"} {
					if bytes.Contains(stored, []byte(secret)) {
						s.t.Errorf("%s.%s tells %q", table, column, secret)
					}
				}
			}
			return nil
		})
	})
}

func TestAnAcceptedMessageIsLoggedForDashboardsWithoutNumbers(t *testing.T) {
	var log bytes.Buffer
	s := newHouse(t, "sqlite", Options{Log: slog.New(slog.NewJSONHandler(&log, nil))}).open(t, 1000)
	receipt := s.accept(kakaoFirst(), 2)
	for _, want := range []string{`"msg":"message accepted"`, `"context":"message accepted"`, `"site_id":"` + s.name, `"message_id":"` + receipt.Message.ID.Text(id.Message),
		`"recipient_count":2`, `"routing_strategy":"alimtalk_first"`, `"estimated_cost":"18.00"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log %s lacks %s", &log, want)
		}
	}
	for _, secret := range []string{"10000000", "김하나", "예약"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("log %s tells %q", &log, secret)
		}
	}
}

func once(site, key, body string) *Once {
	o := &Once{Key: idem.Key{Site: site, Scope: "POST /v1/messages", Key: key}, Render: func(r Receipt) []byte { return []byte("reply of " + r.Message.ID.Text(id.Message)) }}
	copy(o.Key.Fingerprint[:], body)
	return o
}

func TestAKeyGivesTheFirstReplyAgain(t *testing.T) {
	onEach(t, func(s *shop) {
		first, err := s.add(s.draft(textOnly("a")), 1).Accept(ctx, once(s.name, "k", "a"))
		s.must(err)
		_, err = s.add(s.draft(textOnly("a")), 1).Accept(ctx, once(s.name, "k", "a"))
		replay, ok := errors.AsType[*Replay](err)
		if want := "reply of " + first.Message.ID.Text(id.Message); !ok || string(replay.Reply.Body) != want || replay.Reply.Status != 202 {
			s.t.Errorf("got %v, want a replay of %q", err, want)
		}
		_, err = s.add(s.draft(textOnly("b")), 1).Accept(ctx, once(s.name, "k", "b"))
		wantFault(s.t, err, fault.Invalid, fault.CodeIdempotencyMismatch, "")
		found, err := s.service.Earlier(ctx, once(s.name, "k", "a").Key)
		if !found.Exists || found.Mismatch || string(found.Reply.Body) != "reply of "+first.Message.ID.Text(id.Message) || err != nil {
			s.t.Errorf("found %+v, %v; want the first reply", found, err)
		}
		other := open(s.t, s.d.Engine())
		if _, err := other.add(other.draft(textOnly("a")), 1).Accept(ctx, once(other.name, "k", "a")); err != nil {
			s.t.Errorf("another site's same key: %v", err)
		}
		s.wantMoney(982, 18, 0)
	})
}

func TestAKeyStaysFreeAfterARefusalForCredit(t *testing.T) {
	onEach(t, func(s *shop) {
		poor := s.house.open(s.t, 10)
		_, err := poor.add(poor.draft(textOnly("a")), 1).Accept(ctx, once(poor.name, "k", "a"))
		wantFault(s.t, err, fault.NoCredit, fault.CodeInsufficientCredit, "")
		poor.update(func(tx *db.Tx) error {
			_, err := poor.ledger.Add(tx, credit.TopUp{Site: poor.name, Kind: credit.Adjustment, Amount: 10 * won, Note: "test"})
			return err
		})
		if _, err := poor.add(poor.draft(textOnly("a")), 1).Accept(ctx, once(poor.name, "k", "a")); err != nil {
			s.t.Errorf("after the top-up: %v", err)
		}
		poor.wantMoney(2, 18, 0)
	})
}

// together puts drafts into one transaction of the accept group.
func (s *shop) together(in ...joining) (out []joined) {
	s.t.Helper()
	for _, j := range in {
		s.must(j.draft.finish(ctx))
	}
	s.update(func(tx *db.Tx) (err error) { out, err = s.service.acceptAll(tx, in); return err })
	return out
}

func TestARefusalInAGroupNeverAbortsAnother(t *testing.T) {
	onEach(t, func(s *shop) {
		poor, rich := s.house.open(s.t, 50), s
		out := s.together(
			joining{draft: rich.add(rich.draft(textOnly("a")), 2)},
			joining{draft: poor.add(poor.draft(textOnly("a")), 2)}, // 36 of 50
			joining{draft: poor.add(poor.draft(textOnly("a")), 2)}, // does not fit any more
			joining{draft: poor.add(poor.draft(textOnly("a")), 3)}, // neither
			joining{draft: rich.add(rich.draft(textOnly("a")), 1)},
			joining{draft: poor.add(poor.draft(Request{Strategy: AlimtalkFirst, TemplateCode: "RESERVE_01"}), 1)}) // 9 of 14 fits
		for i, refused := range []bool{false, false, true, true, false, false} {
			if got := out[i].refusal != nil; got != refused {
				s.t.Errorf("member %d refused: %t, want %t", i, got, refused)
			}
		}
		if r := out[2].refusal; r == nil || r.Needed != 36*won || r.Available != 14*won {
			s.t.Errorf("refusal %+v, want 36 needed, 14 available", r)
		}
		rich.wantMoney(1000-54, 54, 0)
		poor.wantMoney(5, 45, 0)
		if n := poor.count(); n != 2 {
			s.t.Errorf("%d messages of the poor site, want 2", n)
		}
	})
}

// count is the number of a site's messages, drafts as well.
func (s *shop) count() (n int) {
	s.t.Helper()
	s.view(func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM message WHERE site_id = ?`, s.name).Scan(&n)
	})
	return n
}

func TestTheSecondOfTwoEqualKeysInAGroupGetsTheFirstsReply(t *testing.T) {
	onEach(t, func(s *shop) {
		draft := func() *Draft { return s.add(s.draft(textOnly("a")), 1) }
		out := s.together(joining{draft(), once(s.name, "k", "a")}, joining{draft(), once(s.name, "k", "a")},
			joining{draft(), once(s.name, "k", "b")}, joining{draft(), once(s.name, "k2", "a")})
		first := out[0].receipt.Message
		if out[0].earlier != nil || first.ID.IsZero() {
			s.t.Errorf("the first got %+v", out[0])
		}
		if e := out[1].earlier; e == nil || e.Mismatch || !bytes.Equal(e.Reply.Body, out[0].reply.Body) || e.Reply.Status != 202 {
			s.t.Errorf("the second got %+v, want the first's reply", e)
		}
		if e := out[2].earlier; e == nil || !e.Mismatch {
			s.t.Errorf("another request under the key got %+v, want a mismatch", e)
		}
		if out[3].earlier != nil {
			s.t.Errorf("another key got %+v, want an answer of its own", out[3].earlier)
		}
		s.wantMoney(1000-36, 36, 0)
	})
}

func TestTheSecondOfTwoEqualKeysIsRefusedAsTheFirstIs(t *testing.T) {
	onEach(t, func(s *shop) {
		poor := s.house.open(s.t, 10)
		draft := func() *Draft { return poor.add(poor.draft(textOnly("a")), 1) }
		out := poor.together(joining{draft(), once(poor.name, "k", "a")}, joining{draft(), once(poor.name, "k", "a")})
		if out[0].refusal == nil || out[1].refusal == nil || out[1].earlier != nil {
			s.t.Errorf("got %+v and %+v, want both refused", out[0], out[1])
		}
		if n := poor.count(); n != 0 {
			s.t.Errorf("%d messages stand, want none", n)
		}
	})
}

// TestTwoProcessesSpendOneBalanceOnce lets two services over two connections
// accept at once.
func TestTwoProcessesSpendOneBalanceOnce(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			url := dbtest.Migrated(t, engine)
			first, second := processOn(t, url), processOn(t, url)
			s := first.open(t, 20*18)
			var wg sync.WaitGroup
			accepted := make(chan struct{}, 48)
			for i := range 48 {
				service := []*Service{first.service, second.service}[i%2]
				wg.Go(func() {
					d, err := service.Draft(context.Background(), s.name, textOnly("a"))
					if err == nil {
						err = d.Add(ctx, phone(i), nil)
					}
					if err == nil {
						_, err = d.Accept(ctx, nil)
					}
					if err == nil {
						accepted <- struct{}{}
					} else if !fault.Is(err, fault.NoCredit) {
						t.Errorf("refused with %v, want no credit", err)
					}
				})
			}
			wg.Wait()
			if n := len(accepted); n != 20 || s.count() != 20 {
				t.Errorf("%d accepted, %d stand; want 20", n, s.count())
			}
			s.wantMoney(0, 20*18, 0)
		})
	}
}

func TestAPriceChangeBetweenDraftAndAcceptChangesNothing(t *testing.T) {
	s := one(t)
	d := s.add(s.draft(textOnly("a")), 1)
	s.update(func(tx *db.Tx) error {
		return credit.SetPrices(tx, s.name, map[provider.Channel]money.Amount{provider.SMS: 99 * won}, 0)
	})
	_, err := d.Accept(ctx, nil)
	s.must(err)
	s.wantMoney(982, 18, 0)
}

func TestAScheduleInTheRecentPastIsSentAtOnce(t *testing.T) {
	s := one(t)
	r := textOnly("a")
	r.ScheduledAt = s.time().Add(-30 * time.Second)
	receipt := s.accept(r, 1)
	if receipt.State != StateAccepted || receipt.ScheduledAt != 0 || len(s.sending(receipt.Message)) != 1 {
		t.Errorf("receipt %+v, want accepted and due", receipt)
	}
}

func TestAnAcceptThatIsGivenUpBeforeItsTurnLeavesNothing(t *testing.T) {
	s := one(t)
	gone, stop := context.WithCancel(ctx)
	stop()
	if _, err := s.add(s.draft(textOnly("a")), 1).Accept(gone, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	s.wantMoney(1000, 0, 0)
}

func TestNobodyIsAcceptedAfterDraining(t *testing.T) {
	h := newHouse(t, "sqlite", Options{})
	s := h.open(t, 100)
	d := s.add(s.draft(textOnly("a")), 1)
	s.must(h.service.Drain(ctx))
	_, err := d.Accept(ctx, nil)
	wantFault(t, err, fault.Unavailable, fault.CodeUnavailable, "")
	s.wantMoney(100, 0, 0)
}
