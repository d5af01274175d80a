using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>Converts a tenant's claims about its stack to events. Only the provider sets their source.</summary>
internal static class ForwardedEventReader
{
    private const int IdLength = 16;

    private static readonly Dictionary<string, JsonTypeInfo> Accepted = new(StringComparer.Ordinal)
    {
        [DeviceEnrolled.Name] = ContractsJson.Default.DeviceEnrolled,
        [DeviceOnline.Name] = ContractsJson.Default.DeviceOnline,
        [DeviceOffline.Name] = ContractsJson.Default.DeviceOffline,
        [DeviceCommanded.Name] = ContractsJson.Default.DeviceCommanded,
        [CertificateIssued.Name] = ContractsJson.Default.CertificateIssued,
        [CertificateRenewed.Name] = ContractsJson.Default.CertificateRenewed,
        [CertificateRevoked.Name] = ContractsJson.Default.CertificateRevoked,
        [CertificateReleased.Name] = ContractsJson.Default.CertificateReleased,
        [CertificateExpiring.Name] = ContractsJson.Default.CertificateExpiring,
        [CertificateSurplus.Name] = ContractsJson.Default.CertificateSurplus,
    };

    /// <summary>What a tenant can send.</summary>
    public static IReadOnlyCollection<string> Types => Accepted.Keys;

    /// <summary>What only the provider can know.</summary>
    private static readonly string[] ProvidersOwn = ["tenant.", "bridge.", "platform."];

    /// <summary>Without those of a type that is not known here: the tenant may be newer. Throws 400 when a single one can't be accepted.</summary>
    public static IReadOnlyList<PlatformEvent> Read(string tenantId, ForwardedEvents sent, DateTimeOffset now)
    {
        if (sent.Events is not { Count: > 0 and <= ForwardedEvents.MaxEvents })
        {
            throw Refusal("event_count", $"Send 1 to {ForwardedEvents.MaxEvents} events at once.");
        }

        var events = new List<PlatformEvent>(sent.Events.Count);
        for (var i = 0; i < sent.Events.Count; i++)
        {
            if (Find(sent.Events[i], i) is { } type)
            {
                events.Add(Read(sent.Events[i], type, tenantId, now, i));
            }
        }

        return events;
    }

    /// <summary>Null: a type that is not known here.</summary>
    private static JsonTypeInfo? Find(JsonElement sent, int index)
    {
        if (TypeOf(sent) is not { } name)
        {
            throw Invalid(index, "it has no type");
        }

        if (ProvidersOwn.Any(kind => name.StartsWith(kind, StringComparison.Ordinal)))
        {
            throw Refusal("event_type_forbidden", $"events[{index}]: a tenant has no say in this type of event.");
        }

        return Accepted.GetValueOrDefault(name);
    }

    private static PlatformEvent Read(JsonElement sent, JsonTypeInfo type, string tenantId, DateTimeOffset now, int index)
    {
        var happened = Parse(sent, type) ?? throw Invalid(index, "its members are not those of its type");
        if ((happened.TenantId ?? tenantId) != tenantId || (happened.Source ?? tenantId) != tenantId)
        {
            throw Refusal("event_of_other_tenant", $"events[{index}]: it names another tenant than the certificate.");
        }

        if (ForwardedEventRules.Fault(happened, now) is { } fault)
        {
            throw Invalid(index, fault);
        }

        return happened with { Id = IdOf(tenantId, happened.Id), OccurredAt = happened.OccurredAt.ToUniversalTime(), TenantId = tenantId, Source = tenantId };
    }

    /// <summary>Who handles an id once must not miss an event because a tenant used its id before.</summary>
    private static Guid IdOf(string tenantId, Guid sent)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        // A tenant id has no NUL.
        SHA256.HashData([.. Encoding.UTF8.GetBytes(tenantId), 0, .. sent.ToByteArray(bigEndian: true)], hash);
        return new Guid(hash[..IdLength], bigEndian: true);
    }

    private static PlatformEvent? Parse(JsonElement sent, JsonTypeInfo type)
    {
        try
        {
            return (PlatformEvent?)sent.Deserialize(type);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // the second: half a surrogate pair
        }
    }

    private static string? TypeOf(JsonElement sent)
    {
        try
        {
            return sent.ValueKind == JsonValueKind.Object && sent.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair
        }
    }

    private static ProblemException Invalid(int index, string fault) => Refusal("event_invalid", $"events[{index}]: {fault}.");

    private static ProblemException Refusal(string code, string detail) => new(StatusCodes.Status400BadRequest, code, detail);
}
