using System.Diagnostics;
using System.Text;

namespace IoTPlatform.Agent;

/// <summary>
/// Runs the configured executable for a command: the payload on its standard input, the command's name and id in its environment. Never a shell, and
/// nothing of the command on its command line.
/// </summary>
/// <param name="executable">A path; null: this device runs no commands.</param>
/// <param name="timeout">After which it is killed, with everything it has started.</param>
/// <param name="time">For the time-out.</param>
internal sealed class CommandRunner(string? executable, TimeSpan timeout, TimeProvider time)
{
    /// <summary>Characters of its output that become the answer.</summary>
    internal const int MaxOutput = 16 * 1024;
    private const int MaxError = 1024;

    public bool CanRun => executable is not null;

    public async Task<CommandAnswer> RunAsync(AgentCommand command, CancellationToken cancellationToken)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(executable!)
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
                StandardOutputEncoding = Encoding.UTF8,
                StandardErrorEncoding = Encoding.UTF8,
                Environment = { ["IOT_COMMAND"] = command.Method, ["IOT_COMMAND_ID"] = command.Id.ToString(System.Globalization.CultureInfo.InvariantCulture) },
            })!;
            return await RunAsync(process, command, cancellationToken);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            return new CommandAnswer { Error = $"the executable can't be run: {e.Message}" };
        }
    }

    private async Task<CommandAnswer> RunAsync(Process process, AgentCommand command, CancellationToken cancellationToken)
    {
        var output = ReadAsync(process.StandardOutput, MaxOutput);
        var error = ReadAsync(process.StandardError, MaxError);
        var input = WriteAsync(process.StandardInput, command.Params);
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            cancellationToken.ThrowIfCancellationRequested();
            return new CommandAnswer { Error = $"it was killed after {timeout.TotalSeconds:0} s" };
        }

        await input;
        // A child that was left running may keep them open.
        await Task.WhenAny(Task.WhenAll(output, error), Task.Delay(TimeSpan.FromSeconds(1), time, CancellationToken.None));
        var (text, isCut) = output.IsCompletedSuccessfully ? await output : ("", true);
        return new CommandAnswer
        {
            ExitCode = process.ExitCode,
            Output = text,
            Truncated = isCut ? true : null,
            Error = process.ExitCode != 0 && error.IsCompletedSuccessfully && (await error).Text is { Length: > 0 } said ? said : null,
        };
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is AggregateException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended, or something it started belongs to another user.
        }
    }

    private static async Task WriteAsync(StreamWriter input, string? payload)
    {
        try
        {
            await input.WriteAsync(payload);
            input.Close();
        }
        catch (IOException)
        {
            // It did not want to read it.
        }
    }

    /// <summary>Reads on beyond the limit, so that the executable is not held up by what nobody wants.</summary>
    private static async Task<(string Text, bool IsCut)> ReadAsync(StreamReader reader, int limit)
    {
        var text = new StringBuilder();
        var buffer = new char[1024];
        var isCut = false;
        for (var read = await reader.ReadAsync(buffer); read > 0; read = await reader.ReadAsync(buffer))
        {
            var taken = Math.Min(read, limit - text.Length);
            text.Append(buffer, 0, taken);
            isCut |= taken < read;
        }

        // Half a surrogate pair and U+0000 are no text that could be stored; other control characters are six bytes each in JSON.
        return (string.Concat(text.ToString().EnumerateRunes().Select(rune => Rune.IsControl(rune) && rune.Value is not ('\n' or '\r' or '\t') ? "\uFFFD" : rune.ToString())), isCut);
    }
}
