package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"creditmsg/client"
	"creditmsg/internal/server"
)

const (
	demoPace  = 600 * time.Millisecond // slow enough to be watched
	demoWait  = time.Minute            // how long the demo message is watched
	demoSite  = "demo-rich"
	demoKey   = "creditmsg-demo" // the demo message is sent once, however often the demo starts
	demoTitle = "예약 확정 안내 (demo)"
	demoText  = "#{이름}님, 예약이 확정되었습니다."
)

// demoPeople are the recipients of the demo message. The middle of a number says what
// the simulator does: 0000 delivered, 0001 not on Kakao, 0002 not on Kakao and the SMS
// fails too.
var demoPeople = []struct{ to, name string }{
	{"010-0000-1001", "김하나"}, {"010-0000-1002", "이두리"}, {"010-0000-1003", "박세나"}, {"010-0000-1004", "최네오"},
	{"010-0000-1005", "정다솜"}, {"010-0000-1006", "강여름"}, {"010-0000-1007", "조일우"}, {"010-0000-1008", "윤여진"},
	{"010-0000-1009", "장구름"}, {"010-0000-1010", "임열매"}, {"010-0000-1011", "한가람"}, {"010-0000-1012", "오나래"},
	{"010-0001-2001", "서다온"}, {"010-0001-2002", "신라희"}, {"010-0001-2003", "권마루"}, {"010-0001-2004", "황바다"}, {"010-0001-2005", "안사랑"},
	{"010-0002-3001", "송아름"}, {"010-0002-3002", "전자몽"}, {"010-0002-3003", "홍차미"},
}

// show is what serve --demo shows in the terminal.
type show struct {
	*streams
	program *server.Program
	demo    server.Demo
	log     string
}

// run sends the demo message, once for all starts, shows what becomes of it, and waits
// until ctx ends.
func (w *show) run(ctx context.Context) error {
	w.places()
	c, err := client.New(w.demo.APIURL, w.demo.Tokens[demoSite], client.Options{UserAgent: "creditmsg/" + versionText()})
	if err != nil {
		return err
	}
	err = w.program.RechargeDemo(ctx)
	var m client.Message
	if err == nil {
		m, err = c.Send(ctx, demoDraft())
	}
	problem, refused := errors.AsType[*client.Problem](err)
	switch {
	case ctx.Err() != nil:
		return nil
	case refused && problem.Code == "idempotency_mismatch", err == nil && m.Replayed:
		err = w.again(ctx)
	case err == nil:
		err = w.watch(ctx, c, m)
	}
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("show the demo: %w", err)
	}
	w.invite()
	<-ctx.Done()
	return nil
}

func demoDraft() client.Draft {
	d := client.Draft{Key: demoKey, Title: demoTitle, Strategy: client.AlimtalkFirst,
		Alimtalk: &client.Alimtalk{TemplateCode: "RESERVE_01"}, Text: &client.Text{Body: demoText}}
	for _, p := range demoPeople {
		d.Recipients = append(d.Recipients, client.Recipient{To: p.to, Variables: map[string]string{"이름": p.name}})
	}
	return d
}

func (w *show) places() {
	fmt.Fprintf(w.out, "Credit Messaging %s\n\n", versionText())
	w.row("console", "%-32s %s", w.demo.ConsoleURL, w.firstLogin())
	w.row("API", "%-32s described at /docs", w.demo.APIURL)
	w.row("simulator", "%-32s what phones got: /_sim/received, what payers paid: /_sim/payments", w.demo.SimulatorURL)
	w.row("tokens", "%-32s of demo-rich and its test site, demo-cheap, demo-poor and the operator", server.DemoDir+"/demo.json")
	w.row("people", "%-32s with their passwords: an operator, support, and who works at %s", server.DemoDir+"/demo.json", demoSite)
	w.row("recharge", "%s gets 50,000 won whenever less than 10,000 are left, by a card that is made up", demoSite)
	w.row("log", "%s", w.log)
	fmt.Fprintln(w.out)
}

// watch shows the message on its way, and how it ended.
func (w *show) watch(ctx context.Context, c *client.Client, m client.Message) error {
	fmt.Fprintf(w.out, "A message of %s to %s people: Alimtalk first, and an SMS where that fails.\n\n", demoSite, grouped(m.Recipients.Accepted))
	w.row("accepted", "%s: %s expected, %s held for the worst case", grouped(m.Recipients.Accepted), won(m.EstimatedCost), won(m.Held))
	waiting, stop := context.WithTimeout(ctx, demoWait)
	defer stop()
	bar := newProgress(w.out)
	last, err := c.Wait(waiting, m.ID, bar.waiting)
	bar.end()
	if errors.Is(err, context.DeadlineExceeded) {
		w.row("not done", "%s; the log may say why", standing(last))
		return nil
	}
	if err != nil {
		return err
	}
	by := last.DeliveredBy
	w.row("delivered", "%s: %s by Alimtalk, %s fell back to SMS", grouped(last.Counts.Delivered), grouped(by.Alimtalk), grouped(by.SMS))
	w.row("failed", "%s", grouped(last.Counts.Failed+last.Counts.Expired))
	w.row("cost", "%s; %s released", won(last.ActualCost), won(last.Released))
	return w.proven(ctx)
}

func (w *show) proven(ctx context.Context) error {
	proof, err := w.program.Prove(ctx)
	if err != nil {
		return err
	}
	if !proof.OK {
		return fmt.Errorf("the ledger is broken: site %s, law %d, %s", proof.Broken[0].Site, proof.Broken[0].Law, proof.Broken[0].Detail)
	}
	w.row("ledger", "proven: %s, %s", count(int64(proof.Sites), "site"), count(proof.Entries, "entry"))
	return nil
}

// again greets somebody whose demo is there already.
func (w *show) again(ctx context.Context) error {
	fmt.Fprint(w.out, "Going on with the data that is here.\n\n")
	for _, site := range []string{"demo-rich", "demo-cheap", "demo-poor"} {
		c, err := client.New(w.demo.APIURL, w.demo.Tokens[site], client.Options{})
		if err != nil {
			return err
		}
		purse, err := c.Credit(ctx)
		if err != nil {
			return err
		}
		w.row(site, "%s available, %s held", won(purse.Available), won(purse.Held))
	}
	return w.proven(ctx)
}

// invite prints a command that can be pasted into another terminal.
func (w *show) invite() {
	fmt.Fprintf(w.out, `
Send one yourself, from another terminal:

  curl -s %s/v1/messages \
    -H 'Authorization: Bearer %s' \
    -H 'Content-Type: application/json' \
    -d '{"strategy":"alimtalk_first","alimtalk":{"template_code":"RESERVE_01"},
         "recipients":[{"to":"010-1234-5678","variables":{"이름":"김하나"}}]}'

Running; Ctrl-C stops.
`, w.demo.APIURL, w.demo.Tokens[demoSite])
}

// firstLogin is how somebody sees the console first, as the owner of a site.
func (w *show) firstLogin() string {
	for _, l := range w.demo.Logins {
		if l.Site != "" {
			return "sign in as " + l.Email + ", password " + l.Password
		}
	}
	return ""
}
