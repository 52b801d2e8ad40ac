package server

import (
	"context"
	"fmt"
	"time"

	"creditmsg/internal/access"
	"creditmsg/internal/alert"
	"creditmsg/internal/api"
	"creditmsg/internal/attachment"
	"creditmsg/internal/billing"
	"creditmsg/internal/blob"
	"creditmsg/internal/book"
	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/delivery"
	"creditmsg/internal/invoice"
	"creditmsg/internal/kakao"
	"creditmsg/internal/message"
	"creditmsg/internal/money"
	"creditmsg/internal/paper"
	"creditmsg/internal/privacy"
	"creditmsg/internal/provider"
	"creditmsg/internal/queue"
	"creditmsg/internal/registration"
	"creditmsg/internal/rerun"
	"creditmsg/internal/sandbox"
	"creditmsg/internal/series"
	"creditmsg/internal/site"
	"creditmsg/internal/vendor"
	"creditmsg/internal/webhook"
)

// Operator is what an operator can do to an installation's database directly, beside
// the processes that run on it. An act is one transaction, or several as the package
// comment says, and what is shown together is of one moment; what is wrong with what was
// asked for is a fault that says what to do. Close it at the end.
type Operator struct {
	config       Config
	d            *db.DB
	keys         *site.Keys
	ledger       *credit.Ledger
	queue        *queue.Queue
	messages     *message.Service
	delivery     *delivery.Service // reads letters
	reruns       *rerun.Service
	invoices     *invoice.Service
	papers       *paper.Papers
	billing      *billing.Service
	alerts       *alert.Service
	pictures     *attachment.Service
	place        blob.Store // of the pictures
	series       *series.Service
	vendors      *vendor.Service
	kakao        *kakao.Service
	registration *registration.Service
	privacy      *privacy.Service
	people       *access.People
	sandbox      *sandbox.Service // makes test sites; their clocks are moved by the processes
	webhooks     *webhook.Service
}

// OperatorOptions say how an Operator is opened.
type OperatorOptions struct {
	ConnectFor time.Duration // how long a database that is not there yet is waited for; 0 = 15 s
	// AnySchema opens whatever schema there is, for who mends or judges it. Without
	// it an empty database is migrated and one that is behind is Unavailable.
	AnySchema bool
}

// OpenOperator reaches the database of a configuration.
func OpenOperator(ctx context.Context, c Config, o OperatorOptions) (*Operator, error) {
	master, err := c.Keys.Bytes()
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	d, err := db.Open(ctx, string(c.Database.URL), db.Options{Readers: 2, Writers: 2, ConnectFor: o.ConnectFor})
	if err != nil {
		return nil, err
	}
	p, err := operatorOf(c.besideDemo(), d, master)
	if err == nil && !o.AnySchema {
		err = p.meet(ctx)
	}
	if err != nil {
		_ = d.Close() // nothing is open on it
		return nil, err
	}
	return p, nil
}

// operatorOf makes the services over a database.
func operatorOf(c Config, d *db.DB, master []byte) (*Operator, error) {
	p := &Operator{config: c, d: d, keys: site.NewKeys(d, master)}
	p.queue = queue.New(d, queue.Options{})
	p.ledger = credit.NewLedger(p.keys, p.queue).WithQuota(int64(c.Limits.RecipientsPerDay))
	var err error
	cost := func(account string, ch provider.Channel) (money.Amount, bool) { return p.delivery.Cost(account, ch) }
	if p.messages, err = message.NewService(d, p.keys, p.ledger, p.queue, c.judging(cost)); err != nil {
		return nil, err
	}
	if p.delivery, err = delivery.New(d, p.keys, p.messages, p.queue, c.readers(), c.reporting()); err != nil {
		return nil, err
	}
	p.reruns = rerun.New(d, p.delivery, p.messages, p.ledger, p.queue, c.rereading(nil))
	p.series = series.New(d, p.keys, p.queue, p.messages)
	if p.webhooks, err = webhook.New(d, p.keys, p.queue, c.webhooks(nil, nil)); err != nil {
		return nil, err
	}
	p.invoices = invoice.New(d, p.keys, p.messages, p.ledger, c.Kinds())
	besides, err := c.testMerchants()
	if err != nil {
		return nil, err
	}
	if p.billing, err = c.billing(d, p.keys, p.ledger, p.queue, nil, nil, besides...); err != nil {
		return nil, err
	}
	list := c.reachable()
	p.vendors = vendor.New(d, p.queue, c.watched(list), vendor.Options{})
	p.registration = registration.New(p.keys, p.queue)
	p.people = c.people(d, p.keys, p.queue)
	p.kakao = kakao.New(d, p.keys, p.queue, kept(list), kakao.Options{Accounts: func(siteID string) []string { return serving(list, siteID) }})
	p.sandbox = sandbox.New(d, p.keys, p.ledger, p.queue, p.kakao, c.sandbox(nil, nil))
	p.papers = paper.New(p.keys, p.ledger, p.billing)
	p.privacy = privacy.New(privacy.Deps{DB: d, Keys: p.keys, Queue: p.queue, Ledger: p.ledger, Messages: p.messages, Book: book.New(d, p.keys, p.queue), Series: p.series,
		Render: api.RenderReceipt, Contacts: alert.EraseSite, Unissued: p.papers.Unissued})
	if p.pictures, p.place, err = c.pictures(d, p.keys, nil); err != nil {
		return nil, err
	}
	p.alerts, err = alert.New(d, p.keys, p.queue, p.messages, p.billing, c.alerts(nil, nil))
	return p, err
}

// besideDemo gives the gateways of the demo to a configuration without accounts, where the demo
// has left word of itself: that of verbs beside serve --demo, which brings its own.
func (c Config) besideDemo() Config {
	demo, is := demoHere()
	if !is || len(c.Providers)+len(c.Payments.Gateways) > 0 {
		return c
	}
	c.Webhooks.demo()
	for _, g := range demoGateways {
		if g.URL != "" {
			g.URL = Address(demo.SimulatorURL)
		}
		c.Payments.Gateways = append(c.Payments.Gateways, g)
	}
	return c
}

// meet makes sure that the schema is ours, and that the installation has its own keys.
func (p *Operator) meet(ctx context.Context) error {
	missing, empty, err := pending(ctx, p.d)
	if err == nil && empty {
		err = p.d.Migrate(ctx)
	} else if err == nil && len(missing) > 0 {
		err = behind(missing)
	}
	if err != nil {
		return err
	}
	return p.keys.Complete(ctx)
}

// Close lets the database go.
func (p *Operator) Close() { _ = p.d.Close() } // nothing is open on it any more

// List is the form of every list: an object, so that it can be added to.
type List[T any] struct {
	Data []T `json:"data"`
}

// pageSize is how many rows are read at a time where all are wanted.
const pageSize = 500

// SchemaStep is one migration of the schema.
type SchemaStep struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

// Schema is where the schema stands.
type Schema struct {
	Engine  string       `json:"engine"`
	Steps   []SchemaStep `json:"migrations"`
	Pending int          `json:"pending"`
}

// Schema tells which migrations are applied.
func (p *Operator) Schema(ctx context.Context) (Schema, error) {
	all, err := p.d.Migrations(ctx)
	if err != nil {
		return Schema{}, err
	}
	s := Schema{Engine: p.d.Engine(), Steps: make([]SchemaStep, len(all))}
	for i, m := range all {
		s.Steps[i] = SchemaStep(m)
		if !m.Applied {
			s.Pending++
		}
	}
	return s, nil
}

// Migrate applies what is missing of the schema and tells how many steps that were.
func (p *Operator) Migrate(ctx context.Context) (applied int, after Schema, err error) {
	before, err := p.Schema(ctx)
	if err != nil {
		return 0, Schema{}, err
	}
	if err := p.d.Migrate(ctx); err != nil {
		return 0, Schema{}, err
	}
	after, err = p.Schema(ctx)
	return before.Pending - after.Pending, after, err
}
