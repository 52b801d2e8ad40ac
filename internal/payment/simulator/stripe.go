package simulator

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stripeLeast    = 100 // won
	stripePage     = 10
	stripeMaxPage  = 100
	stripeKeyMost  = 255
	stripeKeyLasts = 24 * time.Hour
	sessionFor     = 24 * time.Hour     // how long a checkout waits for its payer
	holdFor        = 7 * 24 * time.Hour // how long a card is held before it is captured
)

// stripeBooks is what Stripe keeps of one merchant.
type stripeBooks struct {
	customers map[string]*stripeCustomer
	methods   map[string]*stripeMethod
	setups    map[string]*setup
	sessions  map[string]*session
	intents   map[string]*intent
	listed    []*intent // in the order in which they were made
	refunds   []*refund
	balance   []*balance
}

func newStripeBooks() stripeBooks {
	return stripeBooks{
		customers: map[string]*stripeCustomer{}, methods: map[string]*stripeMethod{}, setups: map[string]*setup{},
		sessions: map[string]*session{}, intents: map[string]*intent{},
	}
}

// Names of parameters; one that ends in a bracket stands for all that begin so.
var (
	listing = []string{"limit", "starting_after", "created[", "expand["}
	reading = []string{"expand["}
)

func (s *Simulator) stripeRoutes(mux *http.ServeMux) {
	on := func(pattern string, op operation, takes ...string) {
		mux.HandleFunc(pattern, s.serve(stripeDialect, stripeKeys, s.stripeLetsIn, formed(takes, op)))
	}
	on("POST /v1/customers", s.newCustomer, "email", "name", "description", "metadata[", "expand[")
	on("GET /v1/customers/{id}", s.reading(s.getCustomer), reading...)
	on("GET /v1/payment_methods/{id}", s.reading(s.getMethod), reading...)
	on("POST /v1/payment_methods/{id}/detach", s.detach, reading...)
	on("GET /v1/setup_intents/{id}", s.reading(s.getSetup), reading...)
	on("POST /v1/checkout/sessions", s.openSession, "mode", "customer", "customer_email", "client_reference_id", "success_url", "cancel_url", "locale",
		"currency", "payment_method_types[", "line_items[", "metadata[", "payment_intent_data[", "setup_intent_data[", "expand[")
	on("GET /v1/checkout/sessions/{id}", s.reading(s.getSession), reading...)
	on("POST /v1/payment_intents", s.newIntent, "amount", "currency", "customer", "payment_method", "payment_method_types[", "off_session", "confirm",
		"capture_method", "description", "receipt_email", "metadata[", "expand[")
	on("GET /v1/payment_intents/{id}", s.reading(s.getIntent), reading...)
	on("GET /v1/payment_intents", s.reading(s.listIntents), append([]string{"customer"}, listing...)...)
	on("POST /v1/payment_intents/{id}/capture", s.capture, "amount_to_capture", "metadata[", "expand[")
	on("POST /v1/payment_intents/{id}/cancel", s.cancelIntent, "cancellation_reason", "expand[")
	on("POST /v1/refunds", s.newRefund, "payment_intent", "amount", "reason", "metadata[", "expand[")
	on("GET /v1/refunds", s.reading(s.listRefunds), append([]string{"payment_intent"}, listing...)...)
	on("GET /v1/balance_transactions", s.reading(s.listBalance), append([]string{"type"}, listing...)...)
}

// stripeLetsIn checks the secret key: a bearer's token, or the user of Basic.
func (s *Simulator) stripeLetsIn(r *http.Request) *answer {
	key, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if user, _, basic := r.BasicAuth(); basic && !bearer {
		key = user
	}
	var a answer
	switch {
	case key == "":
		a = stripeSays(http.StatusUnauthorized, stripeError{Type: invalidRequest, Message: "You did not provide an API key."})
	case subtle.ConstantTimeCompare([]byte(key), []byte(s.options.StripeKey)) != 1:
		a = stripeSays(http.StatusUnauthorized, stripeError{Type: invalidRequest, Message: "Invalid API Key provided: " + key[:min(8, len(key))] + "****"})
	default:
		return nil
	}
	return &a
}

// formed reads the parameters of a request and refuses one that has others than these.
func formed(takes []string, op operation) operation {
	return func(c *call) answer {
		text := c.r.URL.RawQuery
		if c.r.Method == http.MethodPost {
			text = string(c.body)
		}
		form, err := url.ParseQuery(text)
		if err != nil {
			return unfit("", "The request cannot be read.")
		}
		for name := range form {
			if !slices.ContainsFunc(takes, func(take string) bool {
				return name == take || strings.HasSuffix(take, "[") && strings.HasPrefix(name, take)
			}) {
				return stripeSays(http.StatusBadRequest, stripeError{Type: invalidRequest, Code: "parameter_unknown", Param: name, Message: "Received unknown parameter: " + name})
			}
		}
		c.form = form
		return op(c)
	}
}

// tagged are the metadata below a name, such as metadata or payment_intent_data[metadata].
func (c *call) tagged(name string) map[string]string {
	tags := map[string]string{}
	for key := range c.form {
		if inner, ok := strings.CutPrefix(key, name+"["); ok && strings.HasSuffix(inner, "]") {
			tags[strings.TrimSuffix(inner, "]")] = c.form.Get(key)
		}
	}
	return tags
}

// won reads an amount, which has no decimals in this currency.
func (c *call) won(name string) (int64, bool) {
	n, err := strconv.ParseInt(c.form.Get(name), 10, 64)
	return n, err == nil && n > 0
}

// object is one of Stripe's, before it is known what of it is expanded.
type object map[string]any

// ref is another object: its id, unless the request expands it.
type ref struct {
	id   string
	view func() object
}

// expanded gives an object as a request wants it.
func expanded(o object, paths []string) object {
	out := object{}
	for name, value := range o {
		switch v := value.(type) {
		case ref:
			inner, wanted := below(paths, name)
			switch {
			case v.id == "":
				out[name] = nil
			case wanted:
				out[name] = expanded(v.view(), inner)
			default:
				out[name] = v.id
			}
		case []object:
			inner, _ := below(paths, name)
			list := make([]object, len(v))
			for i, e := range v {
				list[i] = expanded(e, inner)
			}
			out[name] = list
		default:
			out[name] = value
		}
	}
	return out
}

// below are the rests of the paths that lead through name.
func below(paths []string, name string) (inner []string, any bool) {
	for _, p := range paths {
		first, rest, more := strings.Cut(p, ".")
		if first != name {
			continue
		}
		any = true
		if more {
			inner = append(inner, rest)
		}
	}
	return inner, any
}

// shows answers with an object as it now stands.
func (c *call) shows(o object) answer {
	var paths []string
	for name, values := range c.form {
		if strings.HasPrefix(name, "expand[") {
			paths = append(paths, values...)
		}
	}
	return answer{status: http.StatusOK, body: expanded(o, paths)}
}

// entryOf is one of a list: when it was made, and how it is shown.
type entryOf struct {
	id   string
	at   time.Time
	view func() object
}

// lists answers with a page of a list, the newest first.
func (s *Simulator) lists(c *call, all []entryOf) answer {
	limit, err := strconv.Atoi(orElse(c.form.Get("limit"), strconv.Itoa(stripePage)))
	if err != nil || limit < 1 || limit > stripeMaxPage {
		return unfit("limit", "Invalid limit: it must be between 1 and 100.")
	}
	limit = min(limit, s.options.MaxPage)
	after, more, data := c.form.Get("starting_after"), false, []object{}
	started := after == ""
	for _, e := range slices.Backward(all) {
		if !started {
			started = e.id == after
			continue
		}
		if !c.within(e.at) {
			continue
		}
		if len(data) == limit {
			more = true
			break
		}
		data = append(data, e.view())
	}
	if !started {
		return missing("starting_after", after)
	}
	return c.shows(object{"object": "list", "url": c.r.URL.Path, "has_more": more, "data": data})
}

// within says whether a time is in the period that is asked for.
func (c *call) within(at time.Time) bool {
	for name, fits := range map[string]func(t, limit int64) bool{
		"created[gte]": func(t, limit int64) bool { return t >= limit }, "created[gt]": func(t, limit int64) bool { return t > limit },
		"created[lt]": func(t, limit int64) bool { return t < limit }, "created[lte]": func(t, limit int64) bool { return t <= limit },
	} {
		if limit, err := strconv.ParseInt(c.form.Get(name), 10, 64); err == nil && !fits(at.Unix(), limit) {
			return false
		}
	}
	return true
}
