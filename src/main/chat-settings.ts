import * as v from 'valibot'
import { DEFAULT_CHAT_SETTINGS, type ChatSettings } from '../shared/conversation'
import { readParameters } from './parameters'

export const MAX_SYSTEM = 100_000
/** More than any model writes, and still a number that every server reads. */
export const MAX_TOKENS = 10_000_000

const fields = {
  system: v.pipe(v.string(), v.maxLength(MAX_SYSTEM)),
  temperature: v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
  maxTokens: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(MAX_TOKENS))),
  // Pages keep what is no JSON yet to themselves: the last good version stays here, and is what is sent.
  parameters: v.pipe(
    v.string(),
    v.check((text) => readParameters(text).ok),
  ),
  webSearch: v.nullable(v.boolean()),
}

/** Settings of a conversation as a page may send them. */
export const chatSettingsSchema: v.GenericSchema<unknown, ChatSettings> = v.strictObject(fields)

/** As a file has them: what cannot be read is the default, and never costs the rest of the file. */
export const storedChatSettingsSchema: v.GenericSchema<unknown, ChatSettings> = v.fallback(
  v.object({
    system: v.fallback(fields.system, DEFAULT_CHAT_SETTINGS.system),
    temperature: v.fallback(fields.temperature, DEFAULT_CHAT_SETTINGS.temperature),
    maxTokens: v.fallback(fields.maxTokens, DEFAULT_CHAT_SETTINGS.maxTokens),
    parameters: v.fallback(fields.parameters, DEFAULT_CHAT_SETTINGS.parameters),
    webSearch: v.fallback(fields.webSearch, DEFAULT_CHAT_SETTINGS.webSearch),
  }),
  DEFAULT_CHAT_SETTINGS,
)

/**
 * The further fields of a question (protocol.md section 1): those of the backend, over them the settings of the
 * conversation, over these its own JSON. The switch for the web has the last word, because a person sees how it stands.
 *
 * @param ofBackend from the profile, already read
 */
export function parametersOf(
  { temperature, maxTokens, parameters, webSearch }: ChatSettings,
  ofBackend: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const own = readParameters(parameters)
  const merged: Record<string, unknown> = {
    ...ofBackend,
    ...(temperature !== null && { temperature }),
    ...(maxTokens !== null && { max_tokens: maxTokens }),
    ...(own.ok ? own.value : {}),
    ...(webSearch === true && { web_search: true }),
  }
  if (webSearch === false) delete merged.web_search
  return merged
}
