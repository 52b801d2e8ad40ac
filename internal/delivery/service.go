package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"creditmsg/internal/attachment"
	"creditmsg/internal/db"
	"creditmsg/internal/message"
	"creditmsg/internal/optout"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/signal"
	"creditmsg/internal/site"
)

// Options are the settings of delivery; zero values are the defaults named.
type Options struct {
	ExpireText  time.Duration // Alimtalk and SMS expire this long after hand-over; 0 = 73 h
	ExpireLong  time.Duration // LMS and MMS; 0 = 81 h, since carriers report up to 80 h
	LookupGrace time.Duration // between two looks for a lost answer; 0 = 60 s
	Lease       time.Duration // how long a planned call may wait for its turn; 0 = 60 s
	Workers     int           // batches of calls at once; 0 = 4
	Rest        time.Duration // how long an account whose calls fail is left alone at first; 0 = 20 s
	Hang        time.Duration // an account with a call that is unanswered for longer is avoided; 0 = 3 s
	Late        time.Duration // a message whose end is not told by then speaks against its account; 0 = 2 min
	Repeats     time.Duration // a letter that was stored is not stored again for so long; 0 = 10 min
	KeepReports time.Duration // letters are kept so long; 0 = 180 days
	Choice      Choice
	Attachments *attachment.Service // where the pictures of MMS are; nil = none can be sent
	Bus         *signal.Bus         // to other processes; nil = there are none
	Registerer  prometheus.Registerer
	Log         *slog.Logger
}

func (o Options) filled() Options {
	o.ExpireText = orElse(o.ExpireText, 73*time.Hour)
	o.ExpireLong = orElse(o.ExpireLong, 81*time.Hour)
	o.LookupGrace = orElse(o.LookupGrace, time.Minute)
	o.Lease = orElse(o.Lease, time.Minute)
	o.Workers = orElse(o.Workers, 4)
	o.Rest = orElse(o.Rest, 20*time.Second)
	o.Hang = orElse(o.Hang, 3*time.Second)
	o.Late = orElse(o.Late, 2*time.Minute)
	o.Repeats = orElse(o.Repeats, 10*time.Minute)
	o.KeepReports = orElse(o.KeepReports, 180*24*time.Hour)
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

func orElse[T comparable](v, other T) T {
	var zero T
	if v == zero {
		return other
	}
	return v
}

// Service hands messages over and takes reports in.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	messages *message.Service
	queue    *queue.Queue
	carriers *carriers
	optOuts  *optout.OptOuts
	gossip   *gossip
	o        Options

	receive *db.Group[letter, struct{}]
	intake  *db.Group[delivery, applied]
	uploads singleflight.Group
	apply   sync.WaitGroup // letters that are being applied
	line    line           // bounds them
	calls   sync.WaitGroup // calls under way
	calm    calm
	letters *prometheus.CounterVec
	repeats repeats
}

// New makes the service over one database.
func New(d *db.DB, keys *site.Keys, messages *message.Service, q *queue.Queue, list []Carrier, o Options) (*Service, error) {
	o = o.filled()
	c, err := newCarriers(list, o.Choice, healthOptions{o.Rest, o.Hang, o.Late}, o.Registerer)
	if err != nil {
		return nil, err
	}
	s := &Service{d: d, keys: keys, messages: messages, queue: q, carriers: c, gossip: newGossip(), optOuts: optout.New(keys), o: o}
	s.repeats.window = o.Repeats
	if s.letters, err = newLetterMeter(o.Registerer); err != nil {
		return nil, err
	}
	if o.Bus != nil {
		o.Bus.Subscribe(topic, s.hear)
	}
	s.receive = db.NewGroup(d, "inbox_receive", db.GroupOptions{}, letter.size, s.store)
	s.intake = db.NewGroup(d, "inbox_apply", db.GroupOptions{Rows: maxCall}, delivery.size, s.applyAll)
	return s, nil
}

// Works are the kinds of jobs that this package handles.
func (s *Service) Works() []queue.Work {
	return []queue.Work{
		{Lane: queue.Send, Kind: message.KindSingle, Max: 256, Workers: 6, Urgent: true, Handle: s.sendSingles},
		{Lane: queue.Send, Kind: message.KindSend, Max: 256, Weight: maxLegs, Workers: s.o.Workers, Handle: s.sendCalmly},
		{Lane: queue.Default, Kind: message.KindAwait, Max: 32, Workers: 2, Handle: s.await},
		{Lane: queue.Webhooks, Kind: kindReport, Max: 64, Workers: 2, Handle: s.reread},
	}
}

// Drain refuses new reports, and waits for those inside and for calls that were left to
// themselves.
func (s *Service) Drain(ctx context.Context) error {
	over := make(chan struct{})
	go func() {
		s.calls.Wait()
		close(over)
	}()
	select {
	case <-over:
	case <-ctx.Done():
		return fmt.Errorf("wait for calls under way: %w", ctx.Err())
	}
	if err := s.receive.Drain(ctx); err != nil {
		return err
	}
	s.apply.Wait()
	return s.intake.Drain(ctx)
}

// expiry is how long a leg over this channel may wait for its report.
func (s *Service) expiry(ch provider.Channel) time.Duration {
	if ch == provider.LMS || ch == provider.MMS {
		return s.o.ExpireLong
	}
	return s.o.ExpireText
}
