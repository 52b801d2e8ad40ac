package console

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"creditmsg/client"
)

// Root is the path below which everything of the console lies.
const Root = "/console"

// Options are what the console works with.
type Options struct {
	API     http.Handler // of this process: everything is asked of it
	Log     *slog.Logger // nil = nothing is logged
	Version string       // of the program
	Secure  bool         // people reach us by TLS, though this process may not speak it: cookies keep to it
	// Stopping is closed when the process stops, which ends what would go on by itself; nil = it never does.
	Stopping <-chan struct{}
}

// Console is the handler of all pages.
type Console struct {
	Options
	mux    *http.ServeMux
	guard  *http.CrossOriginProtection
	client *client.Client // nobody's
	tongue map[string]*tongue
	static *static
}

// screen is a page, or what a form of one does.
type screen struct {
	pattern string // METHOD /path, below Root
	open    bool   // for who is not signed in too
	do      func(p *page) error
}

// New makes the handler. An error is one of the program: a page or a text that cannot be read.
func New(o Options) (*Console, error) {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	c := &Console{Options: o, mux: http.NewServeMux(), guard: http.NewCrossOriginProtection()}
	var err error
	if c.client, err = client.New("http://api.invalid", "", client.Options{HTTP: &http.Client{Transport: inside{o.API}}, Retries: -1, UserAgent: "creditmsg-console"}); err != nil {
		return nil, err
	}
	if c.static, err = newStatic(); err != nil {
		return nil, err
	}
	if c.tongue, err = newTongues(c.static); err != nil {
		return nil, err
	}
	c.guard.SetDenyHandler(c.handler(screen{open: true, do: (*page).crossed}))
	for _, s := range screens() {
		method, path, _ := strings.Cut(s.pattern, " ")
		c.mux.Handle(method+" "+Root+path, c.handler(s))
	}
	c.mux.Handle("GET "+Root+"/static/", c.static)
	c.mux.Handle(Root+"/", c.handler(screen{open: true, do: (*page).nothing}))
	return c, nil
}

// screens are all of them, resource by resource.
func screens() []screen {
	return slices.Concat(sessionScreens(), betweenScreens(), accountScreens(), homeScreens(), operatorScreens(),
		messageScreens(), composeScreens(), seriesScreens(), searchScreens(),
		templateScreens(), channelScreens(), senderScreens(), ruleScreens(), optOutScreens(), policyScreens(), contactScreens(), groupScreens(),
		settingScreens(), peopleScreens(), roleScreens(), tokenScreens(), testScreens(), webhookScreens(), deliveryScreens(), auditScreens(),
		limitScreens(), privacyScreens(), providerScreens(), inboxScreens(), runScreens(),
		creditScreens(), paymentScreens(), cardScreens(), rechargeScreens(), withdrawalScreens(), paperScreens(), creditLimitScreens(),
		houseSiteScreens(), priceScreens(), planScreens(), houseMoneyScreens(), invoiceScreens(), taxScreens(),
	)
}

// policy is what a page may load: our own files, and pictures that are written into it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	c.guard.Handler(c.mux).ServeHTTP(w, r)
}

// handler makes a request a page, and whatever goes wrong with it one too.
func (c *Console) handler(s screen) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := c.page(w, r)
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			c.Log.ErrorContext(r.Context(), "panic in a page", "route", r.Pattern, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
			p.fail(errors.New("panic"))
		}()
		err := p.readForm()
		if err == nil && !s.open {
			err = p.identify()
		}
		if err == nil {
			err = s.do(p)
		}
		if err != nil {
			p.fail(err)
		}
	})
}
