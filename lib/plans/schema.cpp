// The plan format for editors. A test holds it against the shipped plans and
// against what the reader takes.
#include "plans/check.hpp"

namespace assay::plans {

std::string plan_schema() {
  return R"json({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Assay test plan",
  "description": "What to do with a board and what must be seen. docs/PLANS.md explains each key.",
  "type": "object",
  "additionalProperties": false,
  "required": ["plan", "roles", "steps"],
  "properties": {
    "plan": { "$ref": "#/$defs/name", "description": "The plan's name." },
    "about": { "type": "string", "description": "One sentence: what it proves." },
    "roles": {
      "type": "object",
      "minProperties": 1,
      "description": "Boards that take part. With one role, steps need no 'on'.",
      "additionalProperties": {
        "type": "object",
        "additionalProperties": false,
        "required": ["needs"],
        "properties": {
          "needs": {
            "type": "array",
            "items": { "enum": ["power", "flash", "flash.read", "console", "reset", "ota.smp", "mux"] }
          },
          "tags": {
            "type": "array",
            "description": "What the lab file must say of the board: 'ble', 'site=lab-b'.",
            "items": { "type": "string", "minLength": 1, "maxLength": 64 }
          }
        }
      }
    },
    "params": { "$ref": "#/$defs/params" },
    "artifacts": {
      "type": "object",
      "description": "Images: given with --artifact NAME=FILE, or derived from one that is.",
      "additionalProperties": {
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
          "about": { "type": "string" },
          "prints": { "type": "string", "description": "A line that only this program prints." },
          "from": { "type": "string", "description": "The given artifact that this one is made from." },
          "flip": {
            "description": "Flip one bit: where, or where exactly.",
            "oneOf": [
              { "enum": ["payload", "header", "tlv"] },
              {
                "type": "object",
                "additionalProperties": false,
                "required": ["in"],
                "properties": {
                  "in": { "enum": ["payload", "header", "tlv"] },
                  "offset": { "$ref": "#/$defs/bytes" },
                  "bit": { "type": "integer", "minimum": 0, "maximum": 7 }
                }
              }
            ]
          },
          "truncate": {
            "description": "What stays: 50% or a number of bytes.",
            "oneOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }]
          },
          "foreign-key": { "enum": [true, null], "description": "Sign again with a key nobody trusts." }
        }
      }
    },
    "never": {
      "type": "array",
      "description": "Markers or regular expressions (RE2) that must not be seen at any time.",
      "items": { "type": "string" }
    },
    "deadline": { "$ref": "#/$defs/duration", "description": "Of a whole attempt; else the sum of its steps." },
    "steps": { "$ref": "#/$defs/steps" },
    "finally": { "$ref": "#/$defs/steps", "description": "Always carried out, whatever happened." }
  },
  "$defs": {
    "name": { "type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$" },
    "variable": { "type": "string", "pattern": "\\$\\{[a-z0-9_-]+\\}" },
    "duration": {
      "type": "string",
      "pattern": "^([0-9]+(\\.[0-9]+)? *(ms|s|m|min|h)|.*\\$\\{.*\\}.*)$",
      "description": "10ms, 10s, 2min, 1h."
    },
    "bytes": { "oneOf": [{ "type": "integer", "minimum": 0 }, { "type": "string" }] },
    "truth": { "oneOf": [{ "type": "boolean" }, { "$ref": "#/$defs/variable" }] },
    "params": {
      "type": "object",
      "additionalProperties": {
        "type": "object",
        "additionalProperties": false,
        "required": ["type"],
        "properties": {
          "type": { "enum": ["int", "string", "bool", "duration", "choice"] },
          "about": { "type": "string" },
          "default": { "type": ["string", "integer", "boolean"] },
          "choices": { "type": "array", "items": { "type": ["string", "integer"] } }
        }
      }
    },
    "within": {
      "type": ["object", "null"],
      "additionalProperties": false,
      "properties": { "within": { "$ref": "#/$defs/duration" } }
    },
    "steps": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/step" } },
    "step": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "id": { "$ref": "#/$defs/name", "description": "The step's name in reports." },
        "on": { "type": "string", "description": "The role whose board it is about." },
        "flash": {
          "description": "Write an image: the whole chip (erased first) or a slot. Not when it is read back already.",
          "oneOf": [
            { "type": "string" },
            {
              "type": "object",
              "additionalProperties": false,
              "required": ["image"],
              "properties": {
                "image": { "type": "string" },
                "slot": { "type": "string" },
                "again": { "$ref": "#/$defs/truth", "description": "Write it also when it is there already." },
                "bmap": { "type": "string", "description": "Of a disk image: the artifact with its block map (.bmap)." },
                "within": { "$ref": "#/$defs/duration", "description": "2 minutes when left out, 30 for a disk behind a mux." }
              }
            }
          ]
        },
        "power": { "oneOf": [{ "enum": ["on", "off", "cycle"] }, { "$ref": "#/$defs/variable" }] },
        "reset": { "type": "null" },
        "expect": {
          "type": "object",
          "description": "A line of the console that must come, or must not.",
          "additionalProperties": false,
          "properties": {
            "seen": { "type": "string" },
            "within": { "$ref": "#/$defs/duration" },
            "absent": { "type": "string" },
            "for": { "$ref": "#/$defs/duration" }
          },
          "oneOf": [{ "required": ["seen", "within"] }, { "required": ["absent", "for"] }]
        },
        "update": {
          "type": "object",
          "description": "Send an image to the running program.",
          "additionalProperties": false,
          "required": ["image"],
          "properties": {
            "image": { "type": "string" },
            "via": { "enum": ["smp"] },
            "until": { "oneOf": [{ "enum": ["uploaded", "pending", "confirmed"] }, { "$ref": "#/$defs/variable" }] },
            "within": { "$ref": "#/$defs/duration" }
          }
        },
        "confirm": { "$ref": "#/$defs/within", "description": "Confirm the running image by SMP." },
        "erase": { "$ref": "#/$defs/within", "description": "Erase the secondary slot by SMP." },
        "assert": {
          "type": "object",
          "description": "Which image runs, by every channel that the board has (two at least).",
          "additionalProperties": false,
          "required": ["running"],
          "properties": {
            "running": { "type": "string" },
            "confirmed": { "$ref": "#/$defs/truth" },
            "within": { "$ref": "#/$defs/duration" }
          }
        },
        "hold": {
          "type": "object",
          "additionalProperties": false,
          "required": ["for"],
          "properties": { "for": { "$ref": "#/$defs/duration" } }
        },
        "check": { "type": "null", "description": "Try every ability of the board, and whether they belong together." },
        "repeat": {
          "type": "object",
          "additionalProperties": false,
          "required": ["times", "steps"],
          "properties": {
            "times": { "oneOf": [{ "type": "integer", "minimum": 1, "maximum": 10000 }, { "$ref": "#/$defs/variable" }] },
            "steps": { "$ref": "#/$defs/steps" }
          }
        },
        "use": { "$ref": "#/$defs/name", "description": "A fragment: fragments/NAME.yaml." },
        "with": { "type": "object", "additionalProperties": { "type": ["string", "integer", "boolean"] } }
      },
      "oneOf": [
        { "required": ["flash"] },
        { "required": ["power"] },
        { "required": ["reset"] },
        { "required": ["expect"] },
        { "required": ["update"] },
        { "required": ["confirm"] },
        { "required": ["erase"] },
        { "required": ["assert"] },
        { "required": ["hold"] },
        { "required": ["check"] },
        { "required": ["repeat"] },
        { "required": ["use"] }
      ],
      "dependentRequired": { "with": ["use"] }
    }
  }
}
)json";
}

}  // namespace assay::plans
