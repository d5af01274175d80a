using System.Buffers;
using System.Text.Json;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Features.Commands;
using MQTTnet;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Commands down and reports up, over the connection that telemetry goes up.</summary>
internal sealed partial class UplinkCommands(ProviderCommands commands, TimeProvider time, ILogger<UplinkCommands> log)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BudgetWait = TimeSpan.FromSeconds(2);

    /// <summary>Until the connection ends, or it is cancelled.</summary>
    public async Task RunAsync(UplinkConnection connection, CancellationToken cancellationToken)
    {
        connection.Client.ApplicationMessageReceivedAsync += TakeAsync;
        await connection.Client.SubscribeAsync(
            new MqttClientSubscribeOptions { TopicFilters = [new MQTTnet.Packets.MqttTopicFilter { Topic = BridgeCommandTopics.Requests, QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce }] }, cancellationToken);
        while (connection.Client.IsConnected)
        {
            var reports = await commands.NextReportsAsync(cancellationToken);
            foreach (var report in reports)
            {
                await ReportAsync(connection.Client, report, cancellationToken);
            }

            if (reports.Count == 0)
            {
                await Task.Delay(Interval, time, cancellationToken);
            }
        }
    }

    private async Task ReportAsync(IMqttClient client, CommandReport report, CancellationToken cancellationToken)
    {
        var message = new MqttApplicationMessage
        {
            Topic = report.Topic,
            PayloadSegment = JsonSerializer.SerializeToUtf8Bytes(report.Body, BridgeCommandJson.Report),
            QualityOfServiceLevel = MqttQualityOfServiceLevel.AtLeastOnce,
        };
        var result = await client.PublishAsync(message, cancellationToken).WaitAsync(LongestWait, cancellationToken);
        if (result.ReasonCode == MqttClientPublishReasonCode.NoMatchingSubscribers)
        {
            throw new IOException("The broker has nobody who takes reports.");
        }

        if (result.ReasonCode == MqttClientPublishReasonCode.QuotaExceeded)
        {
            // Of the plan's budget: it stays unreported, and telemetry waits, too.
            await Task.Delay(BudgetWait, time, cancellationToken);
            return;
        }

        if (!result.IsSuccess && result.ReasonCode is not (MqttClientPublishReasonCode.PayloadFormatInvalid or MqttClientPublishReasonCode.NotAuthorized))
        {
            throw new IOException($"The broker does not take a report: {result.ReasonCode} {result.ReasonString}".TrimEnd());
        }

        if (!result.IsSuccess)
        {
            // It knows no such command any more, or is of an earlier version: telling it again would not help.
            Unwanted(report.Topic, result.ReasonCode, result.ReasonString);
        }

        await commands.ReportedAsync(report, cancellationToken);
    }

    /// <summary>Acknowledged when it is stored; what was not comes again.</summary>
    private async Task TakeAsync(MqttApplicationMessageReceivedEventArgs args)
    {
        try
        {
            await commands.TakeAsync(args.ApplicationMessage.Topic, args.ApplicationMessage.Payload.ToArray(), CancellationToken.None);
        }
        catch (Exception e)
        {
            args.ReasonCode = MqttApplicationMessageReceivedReasonCode.UnspecifiedError;
            Failed(args.ApplicationMessage.Topic, e.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider does not take the report {Topic}: {Code} {Reason}")]
    private partial void Unwanted(string topic, MqttClientPublishReasonCode code, string? reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A command of the provider ({Topic}) could not be stored; it comes again: {Reason}")]
    private partial void Failed(string topic, string reason);
}
