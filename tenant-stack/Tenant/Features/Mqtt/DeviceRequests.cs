using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Mqtt;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.Enrollment;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>
/// Enrolment and renewal over MQTT: the same operations as over HTTPS, with the same bodies, refusals, limits and audit. The answer goes to the response
/// topic of MQTT 5, else to <c>…/response</c> beside <c>…/request</c>; a refusal is the problem document.
/// </summary>
internal sealed partial class DeviceRequests(MqttSessions sessions, EnrollDevice enroll, RenewDevice renew, Authority authority, TenantOptions options, IOptions<JsonOptions> json, ILogger<DeviceRequests> log)
{
    private const string Request = "/request";
    private const string Response = "/response";

    public static string EnrollRequest(string deviceId) => $"devices/{deviceId}/enroll{Request}";

    public static string EnrollResponse(string deviceId) => $"devices/{deviceId}/enroll{Response}";

    public static string RenewRequest(string deviceId) => $"devices/{deviceId}/renew{Request}";

    public static string RenewResponse(string deviceId) => $"devices/{deviceId}/renew{Response}";

    public static bool IsRequest(string topic) => topic.EndsWith(Request, StringComparison.Ordinal) && topic.StartsWith("devices/", StringComparison.Ordinal);

    /// <summary>Acknowledged when it has been carried out; an answer that is lost is had again by asking again.</summary>
    public async Task<PublishOutcome> AnswerAsync(PublishedMessage message, CancellationToken cancellationToken)
    {
        var client = message.Publisher;
        var topic = message.ResponseTopic ?? message.Topic[..^Request.Length] + Response;
        if (client.Access.Subscribable(topic) is not { } granted)
        {
            return PublishOutcome.Refused(MqttPubAckReasonCode.NotAuthorized, "This client may not subscribe to the response topic.");
        }

        var answer = await RunAsync(message, cancellationToken);
        _ = SendAsync(client.Name, new OutboundMessage { Topic = granted, Payload = answer, ContentType = "application/json", CorrelationData = message.CorrelationData });
        return PublishOutcome.Stored;
    }

    private Task<byte[]> RunAsync(PublishedMessage message, CancellationToken cancellationToken) => RequestAnswer.OfAsync(async () => message.Publisher.Credential switch
    {
        EnrollmentCredential token => await enroll.RunAsync(message.Publisher.ClientId, RequestAnswer.Read<EnrollRequest>(message.Payload.Span, json.Value), token, cancellationToken),
        KnownCertificate known => await renew.RunAsync(
            message.Publisher.ClientId, RequestAnswer.Read<RenewRequest>(message.Payload.Span, json.Value),
            await authority.IdentifyForRenewalAsync(known.Certificate, options.DeviceRenewalGrace, cancellationToken), cancellationToken),
        _ => throw new InvalidOperationException("The authenticator left no credential."),
    });

    private async Task SendAsync(string client, OutboundMessage message)
    {
        var outcome = await sessions.SendAsync(client, message, CancellationToken.None);
        if (outcome != DeliveryOutcome.Delivered)
        {
            NotDelivered(client, outcome);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The answer to {Client} was not delivered: {Outcome}")]
    private partial void NotDelivered(string client, DeliveryOutcome outcome);
}
