package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"creditmsg/client"
)

// fakeAPI answers as the server would, for the examples.
func fakeAPI() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"id":"msg_01k","status":"accepted","recipients":{"total":2,"accepted":1,"rejected":1},"held":"18.00",
			"rejections":[{"index":1,"to":"010-12","code":"invalid_number","detail":"too few digits"}]}`)
	})
	mux.HandleFunc("GET /v1/messages/{id}", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"id":"msg_01k","status":"done","counts":{"delivered":1},"actual_cost":"9.00","released":"9.00"}`)
	})
	mux.HandleFunc("GET /v1/credit/entries", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"data":[{"seq":1,"kind":"payment","amount":"150000.00"},{"seq":2,"kind":"hold","amount":"18.00"}]}`)
	})
	return httptest.NewServer(mux)
}

func Example() {
	api := fakeAPI()
	defer api.Close()
	ctx := context.Background()

	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := c.Send(ctx, client.Draft{
		Strategy: client.AlimtalkFirst,
		Alimtalk: &client.Alimtalk{TemplateCode: "RESERVE_01"},
		Text:     &client.Text{Body: "#{이름}님, 예약이 확정되었습니다."},
		Recipients: []client.Recipient{
			{To: "010-1234-5678", Variables: map[string]string{"이름": "김하나"}},
			{To: "010-12", Variables: map[string]string{"이름": "이두리"}},
		},
	})
	if p, refused := errors.AsType[*client.Problem](err); refused && p.Code == "insufficient_credit" {
		fmt.Println("top up:", p.Needed, "is needed and", p.Available, "is there")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range m.Rejections {
		fmt.Println(r.To, r.Code)
	}
	m, err = c.Wait(ctx, m.ID, nil)
	fmt.Println(m.Status, "for", m.ActualCost, "won", err)
	// Output:
	// 010-12 invalid_number
	// done for 9.00 won <nil>
}

func ExampleClient_SendStream() {
	api := fakeAPI()
	defer api.Close()
	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers := func(yield func(client.Recipient, error) bool) {
		for i := range 250_000 {
			if !yield(client.Recipient{To: fmt.Sprintf("010%08d", i)}, nil) {
				return
			}
		}
	}
	m, err := c.SendStream(context.Background(), client.Draft{Strategy: client.SMSOnly, Text: &client.Text{Body: "안녕하세요"}}, numbers)
	fmt.Println(m.ID, err)
	// Output: msg_01k <nil>
}

func ExampleAll() {
	api := fakeAPI()
	defer api.Close()
	c, err := client.New(api.URL, "cm_live_…", client.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	list := func(p client.Paging) (client.Page[client.Entry], error) { return c.Entries(context.Background(), p) }
	for e, err := range client.All(list) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(e.Seq, e.Kind, e.Amount)
	}
	// Output:
	// 1 payment 150000.00
	// 2 hold 18.00
}
