package solapi_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/solapi"
)

// A suite that cannot fail proves nothing: each liar breaks one sentence of the
// contract, and the suite must find it.

// liar is the honest adapter with one method replaced.
type liar struct {
	provider.Uploader
	upload    func(ctx context.Context, p provider.Picture) provider.Uploaded
	submit    func(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result
	lookup    func(ctx context.Context, e provider.Enquiry) (provider.Lookup, error)
	authentic func(http.Header, []byte) bool
	parse     func([]byte) ([]provider.Report, error)
}

func (l *liar) Submit(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
	return l.submit(ctx, c, begun)
}

func (l *liar) Lookup(ctx context.Context, e provider.Enquiry) (provider.Lookup, error) {
	return l.lookup(ctx, e)
}

func (l *liar) Upload(ctx context.Context, p provider.Picture) provider.Uploaded {
	return l.upload(ctx, p)
}

func (l *liar) Authentic(h http.Header, body []byte) bool { return l.authentic(h, body) }

func (l *liar) Parse(body []byte) ([]provider.Report, error) { return l.parse(body) }

// afterwards changes what Submit says.
func afterwards(change func(p provider.Provider, c provider.Call, r *provider.Result)) func(*liar) {
	return func(l *liar) {
		l.submit = func(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
			r := l.Uploader.Submit(ctx, c, begun)
			change(l.Uploader, c, &r)
			return r
		}
	}
}

// beginning replaces begun.
func beginning(change func(provider.Begun) provider.Begun) func(*liar) {
	return func(l *liar) {
		l.submit = func(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
			return l.Uploader.Submit(ctx, c, change(begun))
		}
	}
}

// asking changes what Lookup says.
func asking(change func(*provider.Lookup, *error)) func(*liar) {
	return func(l *liar) {
		l.lookup = func(ctx context.Context, e provider.Enquiry) (provider.Lookup, error) {
			found, err := l.Uploader.Lookup(ctx, e)
			change(&found, &err)
			return found, err
		}
	}
}

// liars are what each does, and the sentence that finds it.
var liars = map[string]struct {
	sentence string
	lie      func(*liar)
}{
	"takes a lost answer for a failure": {"whatever breaks at whichever request, the outcome is true", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		if r.Outcome == provider.Unknown {
			r.Outcome = provider.NotSent
		}
	})},
	"takes a lost answer for a yes": {"whatever breaks at whichever request, the outcome is true", afterwards(func(_ provider.Provider, c provider.Call, r *provider.Result) {
		if r.Outcome == provider.Unknown {
			r.Outcome, r.Members = provider.Accepted, make([]provider.Member, len(c.Legs))
		}
	})},
	"sends again by itself": {"whatever breaks at whichever request, the outcome is true", afterwards(func(p provider.Provider, c provider.Call, r *provider.Result) {
		if r.Outcome == provider.Unknown {
			*r = p.Submit(context.Background(), c, stored)
		}
	})},
	"does not know what it could know": {"a context that ends while the call begins stops it", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		r.Outcome = provider.Unknown
	})},
	"loses a member": {"an accepted call has a member per leg and hands each over once", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		r.Members = r.Members[1:]
	})},
	"mixes members up": {"a leg is refused on its own", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		r.Members[0], r.Members[1] = r.Members[1], r.Members[0]
	})},
	"comes again at once": {"who is too fast is told when to come again", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		r.RetryAfter = 0
	})},
	"tells numbers": {"credentials that are not taken refuse the call", afterwards(func(_ provider.Provider, c provider.Call, r *provider.Result) {
		r.Text += " for " + string(c.Legs[0].To)
	})},
	"does not say of which call it speaks": {"whatever breaks at whichever request, the outcome is true", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		r.UpstreamID = ""
	})},
	"begins twice": {"begun is called once, before anything can be sent", beginning(func(begun provider.Begun) provider.Begun {
		return func(ctx context.Context, upstream string) error {
			return errors.Join(begun(ctx, upstream), begun(ctx, upstream))
		}
	})},
	"goes on when it may not begin": {"a call that cannot begin is not sent", beginning(func(begun provider.Begun) provider.Begun {
		return func(ctx context.Context, upstream string) error { _ = begun(ctx, upstream); return nil }
	})},
	"begins when all is over": {"begun is called once, before anything can be sent", func(l *liar) {
		l.submit = func(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
			r := l.Uploader.Submit(ctx, c, stored)
			_ = begun(ctx, r.UpstreamID)
			return r
		}
	}},
	"outlives its context": {"nothing is sent after the context has ended", func(l *liar) {
		l.submit = func(ctx context.Context, c provider.Call, begun provider.Begun) provider.Result {
			return l.Uploader.Submit(context.WithoutCancel(ctx), c, begun)
		}
	}},
	"takes silence for a no": {"a vendor that cannot be asked is not understood as a no", asking(func(found *provider.Lookup, err *error) {
		if *err != nil {
			*found, *err = provider.Lookup{Verdict: provider.LookupNotSent}, nil
		}
	})},
	"finds nothing": {"a look-up that breaks learns nothing and never a falsehood", asking(func(found *provider.Lookup, _ *error) {
		found.Verdict, found.Reports = provider.LookupNotSent, nil
	})},
	"finds everything": {"whatever breaks at whichever request, the outcome is true", asking(func(found *provider.Lookup, _ *error) {
		found.Verdict = provider.LookupTaken
	})},
	"leaves one out": {"a look-up says what the reports said", asking(func(found *provider.Lookup, _ *error) {
		found.Reports = found.Reports[1:]
	})},
	"opens to everybody": {"only who knows the secret is authentic", func(l *liar) {
		l.authentic = func(http.Header, []byte) bool { return true }
	}},
	"reads one report less": {"reports bring back the reference and the end of each leg", func(l *liar) {
		l.parse = func(body []byte) ([]provider.Report, error) {
			reports, err := l.Uploader.Parse(body)
			for i := range reports {
				reports[i].Ref = reports[0].Ref
			}
			return reports, err
		}
	}},
	"reads by the clock": {"reports read the same late, twice and in any order", func(l *liar) {
		l.parse = func(body []byte) ([]provider.Report, error) {
			reports, err := l.Uploader.Parse(body)
			for i := range reports {
				reports[i].At = time.Now().UTC()
			}
			return reports, err
		}
	}},
	"names a picture that is not there": {"an upload that breaks sends nothing, and is made again", func(l *liar) {
		l.upload = func(ctx context.Context, p provider.Picture) provider.Uploaded {
			if got := l.Uploader.Upload(ctx, p); got.ID != "" {
				return got
			}
			return provider.Uploaded{ID: "ST01FZ000000000000000000000000000"}
		}
	}},
	"shows another picture": {"an mms brings its pictures to the phone, in their order", func(l *liar) {
		l.upload = func(ctx context.Context, p provider.Picture) provider.Uploaded {
			p.Content = append(p.Content[:len(p.Content):len(p.Content)], 0)
			return l.Uploader.Upload(ctx, p)
		}
	}},
	"blames the picture for the vendor": {"an upload that breaks sends nothing, and is made again", func(l *liar) {
		l.upload = func(ctx context.Context, p provider.Picture) provider.Uploaded {
			got := l.Uploader.Upload(ctx, p)
			got.Failed.Outcome = provider.Refused
			return got
		}
	}},
	"does not name what is gone": {"a picture that is gone is named, and nothing is sent", afterwards(func(_ provider.Provider, _ provider.Call, r *provider.Result) {
		r.Gone = nil
	})},
	"swallows garbage": {"garbage is an error or nothing, never a panic", func(l *liar) {
		l.parse = func(body []byte) ([]provider.Report, error) {
			reports, _ := l.Uploader.Parse(body)
			return reports, nil
		}
	}},
}

// liarVariable names the liar that this process is to try.
const liarVariable = "CREDITMSG_TEST_LIAR"

// TestALiar is the suite before the liar that the environment names; alone it has
// nothing to try.
func TestALiar(t *testing.T) {
	h, name := harness(), os.Getenv(liarVariable)
	if name == "" {
		return
	}
	h.New = func(a provider.Account) (provider.Provider, error) {
		honest, err := solapi.New(a)
		if err != nil {
			return nil, err
		}
		p := honest.(provider.Uploader)
		l := &liar{p, p.Upload, p.Submit, p.Lookup, p.Authentic, p.Parse}
		if lie := liars[name].lie; lie != nil {
			lie(l)
		}
		return l, nil
	}
	providertest.Run(t, h)
}

func TestTheSuiteFindsEveryLiar(t *testing.T) {
	try := func(t *testing.T, name, sentence string) (passed bool, said string) {
		pattern := "^TestALiar$/^contract$/^" + strings.ReplaceAll(sentence, " ", "_") + "$"
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern, "-test.v")
		c.Env = append(os.Environ(), liarVariable+"="+name)
		out, err := c.CombinedOutput()
		if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
			t.Fatalf("run the suite: %v", err)
		}
		return err == nil, string(out)
	}
	for name, l := range liars {
		t.Run(name, func(t *testing.T) {
			if passed, said := try(t, name, l.sentence); passed || !strings.Contains(said, "--- FAIL: TestALiar/contract/") {
				t.Errorf("got past %q:\n%s", l.sentence, said)
			}
		})
	}
	const honest = "an accepted call has a member per leg and hands each over once"
	if passed, said := try(t, "nobody", honest); !passed || !strings.Contains(said, "--- PASS: TestALiar/contract/") {
		t.Errorf("an honest adapter was not let past:\n%s", said)
	}
}
