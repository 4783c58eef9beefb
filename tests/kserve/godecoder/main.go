// Godecoder says what Go's encoding/json makes of predictors texts: a JSON list of texts on
// standard input, a JSON list of verdicts on standard output. It stands beside the decoder
// in Python as its judge; see ../test_godecoder.py.
//
// The fields and tags are those of KServe's pkg/apis/serving/v1beta1/configmap.go: 0.7.0
// nests pytorch, 0.8.0 and 0.9.0 do not.
package main

import (
	"encoding/json"
	"os"
)

type entry struct {
	Image      string   `json:"image"`
	Version    string   `json:"defaultImageVersion"`
	GPUVersion string   `json:"defaultGpuImageVersion"`
	Timeout    int64    `json:"defaultTimeout,string,omitempty"`
	MultiModel bool     `json:"multiModelServer,boolean,omitempty"`
	Frameworks []string `json:"supportedFrameworks"`
}

type protocols struct {
	V1 *entry `json:"v1,omitempty"`
	V2 *entry `json:"v2,omitempty"`
}

type common struct {
	Tensorflow entry     `json:"tensorflow,omitempty"`
	Triton     entry     `json:"triton,omitempty"`
	XGBoost    protocols `json:"xgboost,omitempty"`
	SKlearn    protocols `json:"sklearn,omitempty"`
	ONNX       entry     `json:"onnx,omitempty"`
	PMML       entry     `json:"pmml,omitempty"`
	LightGBM   entry     `json:"lightgbm,omitempty"`
	Paddle     entry     `json:"paddle,omitempty"`
}

type release07 struct {
	common
	PyTorch protocols `json:"pytorch,omitempty"`
}

type release08 struct {
	common
	PyTorch entry `json:"pytorch,omitempty"`
}

// leaves are image, version, GPU version and timeout of an entry.
type leaves []interface{}

type verdict struct {
	Text    string            `json:"text"`
	Release string            `json:"release"`
	Error   string            `json:"error,omitempty"`
	Entries map[string]leaves `json:"entries,omitempty"`
}

// putFlat leaves out what is zero: a flat entry is always there.
func putFlat(into map[string]leaves, name string, e entry) {
	if e.Image != "" || e.Version != "" || e.GPUVersion != "" || e.Timeout != 0 {
		into[name] = leaves{e.Image, e.Version, e.GPUVersion, e.Timeout}
	}
}

func putNested(into map[string]leaves, name string, p protocols) {
	for key, e := range map[string]*entry{"v1": p.V1, "v2": p.V2} {
		if e != nil {
			into[name+"/"+key] = leaves{e.Image, e.Version, e.GPUVersion, e.Timeout}
		}
	}
}

func putCommon(into map[string]leaves, c common) {
	putFlat(into, "tensorflow", c.Tensorflow)
	putFlat(into, "triton", c.Triton)
	putFlat(into, "onnx", c.ONNX)
	putFlat(into, "pmml", c.PMML)
	putFlat(into, "lightgbm", c.LightGBM)
	putFlat(into, "paddle", c.Paddle)
	putNested(into, "sklearn", c.SKlearn)
	putNested(into, "xgboost", c.XGBoost)
}

func judge(text string, release string) verdict {
	v := verdict{Text: text, Release: release, Entries: map[string]leaves{}}
	var err error
	if release == "0.7" {
		var config release07
		err = json.Unmarshal([]byte(text), &config)
		putCommon(v.Entries, config.common)
		putNested(v.Entries, "pytorch", config.PyTorch)
	} else {
		var config release08
		err = json.Unmarshal([]byte(text), &config)
		putCommon(v.Entries, config.common)
		putFlat(v.Entries, "pytorch", config.PyTorch)
	}
	if err != nil {
		v.Error, v.Entries = err.Error(), nil
	}
	return v
}

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		panic(err)
	}
	var verdicts []verdict
	for _, text := range texts {
		for _, release := range []string{"0.7", "0.8"} {
			verdicts = append(verdicts, judge(text, release))
		}
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(verdicts); err != nil {
		panic(err)
	}
}
