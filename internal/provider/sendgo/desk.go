package sendgo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"creditmsg/internal/provider"
	"creditmsg/internal/upstream"
)

// This file is what the application has besides campaigns: money, sender numbers, Kakao
// channels and templates. The last two are for applications of companies alone.

// kakaoSaysNo is the code of whatever Kakao does not take; its words say why.
const kakaoSaysNo = "KAKAO_API_ERROR"

// desk makes one request besides campaigns and reads its reply into out; nil = it is not
// looked at. path begins with a slash.
func (a *account) desk(ctx context.Context, act, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return provider.Undone(act, errors.New("the request cannot be written"))
		}
	}
	reply, failed := a.authorised(ctx, method, path, body)
	switch {
	case failed != nil: // there was no token: the act was not asked for
		return provider.Denied(act, *failed)
	case reply.Err != nil:
		return provider.Broken(act, reply.Left, reply.Err)
	case reply.Status != http.StatusOK && reply.Status != http.StatusCreated:
		r := refused(reply)
		if r.Outcome == provider.Refused {
			if r.Code == kakaoSaysNo {
				r.Reason = provider.UnrecognisedCode
			}
			return provider.Denied(act, r)
		}
		return fmt.Errorf("%s: HTTP status %d (%s): %s", act, reply.Status, r.Code, r.Text)
	}
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(reply.Body, &answer); err != nil {
		return fmt.Errorf("%s: the reply cannot be read", act)
	}
	if out == nil {
		return nil
	}
	if err := upstream.Lenient(json.Unmarshal(answer.Data, out)); err != nil {
		return fmt.Errorf("%s: the reply cannot be read", act)
	}
	return nil
}

// Holds is what the vendor tells.
func (a *account) Holds() provider.Holdings { return provider.HoldsBalance | provider.HoldsSenders }

// Balance is what is left in the vendor's credits.
func (a *account) Balance(ctx context.Context) (provider.Balance, error) {
	const act = "ask for the balance"
	var reply struct { // by every name that it may have: the documents give none
		A json.Number `json:"credits"`
		B json.Number `json:"credit"`
		C json.Number `json:"balance"`
		D json.Number `json:"amount"`
	}
	if err := a.desk(ctx, act, http.MethodGet, "/credits", nil, &reply); err != nil {
		return provider.Balance{}, err
	}
	left, err := provider.ReadBalance(string(cmp.Or(reply.A, reply.B, reply.C, reply.D)))
	if err != nil {
		return provider.Balance{}, fmt.Errorf("%s: %w", act, err)
	}
	return provider.Balance{Left: left, Unit: provider.UnitCredit}, nil
}

// wireSender is a registered sender number.
type wireSender struct {
	UUID   string `json:"uuid"`
	Number string `json:"phone_number"`
	E164   string `json:"phone_e164"`
	Status string `json:"status"`
}

// senderStates are what the vendor calls the states of a sender number.
var senderStates = map[string]provider.SenderState{"": provider.SenderUsable, "SUCCESS": provider.SenderUsable, "PENDING": provider.SenderWaiting,
	"REJECTED": provider.SenderRejected}

// Senders lists the sender numbers, those that wait for approval too.
func (a *account) Senders(ctx context.Context) ([]provider.ListedSender, error) {
	const act = "list sender numbers"
	var reply struct {
		List []wireSender `json:"senders"`
	}
	if err := a.desk(ctx, act, http.MethodGet, "/senders", nil, &reply); err != nil {
		return nil, err
	}
	if reply.List == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	list := []provider.ListedSender{}
	for _, s := range reply.List {
		number, ok := s.number()
		if !ok {
			continue
		}
		state, known := senderStates[s.Status]
		if !known {
			state = provider.SenderHeld
		}
		list = append(list, provider.ListedSender{Number: number, State: state})
	}
	return list, nil
}

// ChannelCategories lists the lines of business of channels.
func (a *account) ChannelCategories(ctx context.Context) ([]provider.Category, error) {
	const act = "list categories"
	var reply struct {
		List []provider.Category `json:"categories"`
	}
	if err := a.desk(ctx, act, http.MethodGet, "/kakao-senders/categories", nil, &reply); err != nil {
		return nil, err
	}
	if reply.List == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	return reply.List, nil
}

// RequestToken has Kakao send a number to the channel's manager.
func (a *account) RequestToken(ctx context.Context, c provider.ChannelClaim) error {
	return a.desk(ctx, "ask for a token", http.MethodPost, "/kakao-senders/token", map[string]string{"yellowId": c.Name, "phoneNumber": string(c.Manager)}, nil)
}

// wireChannel is a channel as the vendor shows it.
type wireChannel struct {
	Key     string `json:"sender_key"`
	KeyToo  string `json:"senderKey"`
	Name    string `json:"yellow_id"`
	NameToo string `json:"yellowId"`
	Status  string `json:"status"`
	Blocked bool   `json:"block"`
}

func (w wireChannel) channel() provider.KakaoChannel {
	key, name := cmp.Or(w.Key, w.KeyToo), cmp.Or(w.Name, w.NameToo)
	if name != "" && !strings.HasPrefix(name, "@") {
		name = "@" + name
	}
	return provider.KakaoChannel{ID: key, Name: name, SenderKey: key, Usable: !w.Blocked && (w.Status == "" || w.Status == "A")}
}

// RegisterChannel links a channel; one that is linked already is linked again without complaint.
func (a *account) RegisterChannel(ctx context.Context, c provider.ChannelClaim) (provider.KakaoChannel, error) {
	const act = "register the channel"
	var reply struct {
		wireChannel
		A wireChannel `json:"sender"`
		B wireChannel `json:"kakaoSender"`
	}
	err := a.desk(ctx, act, http.MethodPost, "/kakao-senders",
		map[string]string{"yellowId": c.Name, "phoneNumber": string(c.Manager), "categoryCode": c.Category, "token": c.Token}, &reply)
	if err != nil {
		return provider.KakaoChannel{}, err
	}
	for _, w := range []wireChannel{reply.A, reply.B, reply.wireChannel} {
		if made := w.channel(); upstream.PlainID(made.ID) {
			return made, nil
		}
	}
	return provider.KakaoChannel{}, errors.New(act + ": the reply names no channel")
}

// Channels lists the linked channels.
func (a *account) Channels(ctx context.Context) ([]provider.KakaoChannel, error) {
	const act = "list channels"
	var reply struct {
		List []wireChannel `json:"senders"`
	}
	if err := a.desk(ctx, act, http.MethodGet, "/kakao-senders", nil, &reply); err != nil {
		return nil, err
	}
	if reply.List == nil {
		return nil, errors.New(act + ": the reply has no list")
	}
	all := []provider.KakaoChannel{}
	for _, w := range reply.List {
		if c := w.channel(); upstream.PlainID(c.ID) {
			all = append(all, c)
		}
	}
	return all, nil
}
