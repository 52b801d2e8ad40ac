package simulator

import (
	"io"
	"mime/multipart"
	"net/http"
)

// aligoPictures reads the pictures of a form: image, or image1 to image3.
func aligoPictures(r *http.Request) (shown []Shown, err error) {
	if r.MultipartForm == nil {
		return nil, nil
	}
	for _, name := range []string{"image", "image1", "image2", "image3"} {
		for _, header := range r.MultipartForm.File[name] {
			content, err := wholeFile(header)
			if err != nil {
				return nil, aligoError(-99, "이미지를 읽을 수 없습니다.")
			}
			p := show(content)
			if aligoFrame.lacks(p) != "" {
				return nil, aligoError(-99, "이미지 형식 또는 용량이 올바르지 않습니다.")
			}
			shown = append(shown, p)
		}
	}
	if len(shown) > mostShown {
		return nil, aligoError(-99, "이미지는 3개까지 첨부할 수 있습니다.")
	}
	return shown, nil
}

func wholeFile(header *multipart.FileHeader) ([]byte, error) {
	file, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}
