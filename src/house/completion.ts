import { command, type CommandContext, type CommandSet, type Input } from '#core/cli/command.ts'
import { exitCode, NocError } from '#core/errors.ts'

// Each shell asks `noc __complete WORD...` (the last word is the one being typed) and gets one proposal a line.
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_noc() { local IFS=$'\\n'; COMPREPLY=($(noc __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)); }
complete -o default -F _noc noc
`,
  zsh: `#compdef noc
_noc() { local -a found; found=("\${(@f)$(noc __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"); compadd -a found; }
compdef _noc noc
`,
  fish: `complete -c noc -f -a '(noc __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
}

/** `noc completion SHELL`: prints the script that the shell sources. */
export const completionCommands: CommandSet = {
  '': command({
    summary: 'Print the completion script of a shell',
    examples: [
      ['completion bash > /etc/bash_completion.d/noc', 'for every user of this machine'],
      ['completion zsh > ~/.zfunc/_noc', 'for one user of zsh'],
    ],
    flags: {},
    args: [{ placeholder: 'SHELL', brief: 'bash, zsh or fish' }],
    load: () =>
      Promise.resolve((input: Input, cx: CommandContext) => {
        const script = SCRIPTS[input.args[0] ?? '']
        if (script === undefined) {
          throw new NocError('NOC_USAGE_SHELL', `there is no completion for "${input.args[0]}"`, {
            exit: exitCode.usage,
            hint: `shells: ${Object.keys(SCRIPTS).join(', ')}`,
          })
        }
        if (cx.json) cx.out.json({ shell: input.args[0], script })
        else cx.out.raw(script)
        return Promise.resolve(exitCode.ok)
      }),
  }),
}
