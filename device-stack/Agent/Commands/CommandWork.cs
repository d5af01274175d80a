using System.Buffers;
using System.Text.Json;
using MQTTnet;

namespace IoTPlatform.Agent;

/// <summary>Takes commands, carries them out one after the other, and answers.</summary>
internal sealed class CommandWork(CommandInbox inbox, CommandRunner runner, TimeProvider time, Action<AgentEventKind, string> report)
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(10);

    /// <summary>Acknowledged when it is on disk.</summary>
    public MqttApplicationMessageReceivedReasonCode Accept(MqttApplicationMessage message)
    {
        var body = message.Payload.ToArray();
        if (!runner.CanRun)
        {
            report(AgentEventKind.Command, "a command came, and this device has no executable for commands: refused");
            return MqttApplicationMessageReceivedReasonCode.ImplementationSpecificError;
        }

        try
        {
            return AgentCommand.Parse(body) is not { } command ? MqttApplicationMessageReceivedReasonCode.PayloadFormatInvalid
                : inbox.TryAdd(command.Id, body) ? MqttApplicationMessageReceivedReasonCode.Success
                : MqttApplicationMessageReceivedReasonCode.QuotaExceeded;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            report(AgentEventKind.Command, $"a command can't be stored: {e.Message}");
            return MqttApplicationMessageReceivedReasonCode.QuotaExceeded;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (id, command) = await inbox.NextAsync(cancellationToken);
            if (command is null || command.ExpiresAt <= time.GetUtcNow())
            {
                report(AgentEventKind.Command, $"command {id} is too old to be carried out");
                await OnDiskAsync(() => inbox.Forget(id), cancellationToken);
                continue;
            }

            var answer = await runner.RunAsync(command, cancellationToken);
            var body = JsonSerializer.SerializeToUtf8Bytes(answer, CommandAnswerJson.Relaxed.CommandAnswer);
            await OnDiskAsync(() => inbox.Finish(id, body), cancellationToken);
            report(AgentEventKind.Command, $"command {id}, {command.Method}: {(answer.ExitCode is { } code ? $"exit code {code}" : answer.Error)}");
        }
    }

    /// <summary>What was carried out is not carried out again because the disk is full: it waits for room.</summary>
    private async Task OnDiskAsync(Action write, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                write();
                return;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                report(AgentEventKind.Command, $"what became of a command can't be stored; trying again: {e.Message}");
                await Task.Delay(Retry, time, cancellationToken);
            }
        }
    }

    /// <summary>Until a transport fails. An answer that the tenant will not have is let go.</summary>
    public Task AnswerAsync(Func<long, ReadOnlyMemory<byte>, CancellationToken, Task<string?>> send, CancellationToken cancellationToken) => inbox.SendAsync(
        async (id, answer, token) =>
        {
            if (await send(id, answer, token) is { } refusal)
            {
                report(AgentEventKind.Refused, $"the tenant does not take the answer to command {id}: {refusal}");
            }
        },
        cancellationToken);
}
