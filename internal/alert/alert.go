package alert

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"creditmsg/internal/access"
	"creditmsg/internal/billing"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/message"
	"creditmsg/internal/queue"
	"creditmsg/internal/site"
)

// SMTP is the server that takes mails. One without a Host is none.
type SMTP struct {
	Host     string
	Port     int // 0 = 587, with TLS "tls" 465, with "none" 25
	User     string
	Password string
	From     string         // an address, or Name <address>
	TLS      string         // starttls (the default), tls or none
	Roots    *x509.CertPool // who signs the server's certificate; nil = whom the system trusts
	Timeout  time.Duration  // of a whole delivery; 0 = 60 s
}

// Texts says who sends the texts to owners, and pays for them. One without a Site is nobody.
type Texts struct {
	Site     string // the operator's own site
	Sender   string // "" = its default sender
	Template string // of an Alimtalk that is tried first; "" = texts alone
}

// Options are the settings; zero values are useful.
type Options struct {
	SMTP     SMTP
	Texts    Texts
	Operator []string // the operator's own addresses
	Language Language // of the operator, and of sites that chose none; "" = Korean
	Link     string   // where what is told can be mended; "" = no link
	// People have mails of their own; nil = they get none.
	People *access.People
	// Console is where people sign in, without a slash at its end; "" = their mails bear no link.
	Console string
	// SeriesName gives the name of a series; nil = they are told by their ids.
	SeriesName func(tx *db.Tx, siteID string, of id.ID) (string, error)
	// EndpointName gives what a site calls a webhook endpoint; nil = they are told by their ids.
	EndpointName func(tx *db.Tx, siteID string, of id.ID) (string, error)
	Registerer   prometheus.Registerer
	Log          *slog.Logger
}

// Service tells people. It is safe for concurrent use, by several processes too.
type Service struct {
	d        *db.DB
	keys     *site.Keys
	queue    *queue.Queue
	messages *message.Service
	billing  *billing.Service
	o        Options
	told     *prometheus.CounterVec // by kind of alert, and what became of it
	log      *slog.Logger
}

// New makes the service.
func New(d *db.DB, keys *site.Keys, q *queue.Queue, m *message.Service, b *billing.Service, o Options) (*Service, error) {
	s := &Service{d: d, keys: keys, queue: q, messages: m, billing: b, o: o, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.o.Language == "" {
		s.o.Language = Korean
	}
	if s.o.SMTP.Timeout <= 0 {
		s.o.SMTP.Timeout = time.Minute
	}
	s.told = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "creditmsg_alerts_total", Help: "Alerts to single contacts, by what they say and what became of each try."}, []string{"kind", "outcome"})
	if o.Registerer == nil {
		return s, nil
	}
	if err := o.Registerer.Register(s.told); err != nil {
		return nil, fmt.Errorf("register the metrics of alerts: %w", err)
	}
	return s, nil
}

func (s *Service) mails() bool { return s.o.SMTP.Host != "" }

func (s *Service) texts() bool { return s.o.Texts.Site != "" }

// The kinds of jobs, besides credit.KindTell. Their keys are an event's id and a mark.
const (
	kindMail = "alert_mail"
	kindText = "alert_text"
)

// Works are the kinds of jobs that alerts handle.
func (s *Service) Works() []queue.Work {
	each := func(kind string, workers int, do func(context.Context, queue.Claimed) error) queue.Work {
		handle := func(ctx context.Context, jobs []queue.Claimed) error {
			for _, j := range jobs {
				if err := do(ctx, j); err != nil {
					return err
				}
			}
			return nil
		}
		return queue.Work{Lane: queue.Default, Kind: kind, Max: 1, Workers: workers, Handle: handle}
	}
	works := []queue.Work{each(credit.KindTell, 1, s.plan), each(kindMail, 4, s.mail), each(kindText, 1, s.text)}
	if s.o.People != nil {
		works = append(works, each(access.KindLetter, 2, s.letter))
	}
	return works
}
