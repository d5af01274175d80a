using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>What an instance identity document of Amazon EC2 says of the instance.</summary>
internal sealed record AwsInstance
{
    public required string Id { get; init; }

    public required string Account { get; init; }

    public required string Region { get; init; }

    public required IPAddress Address { get; init; }

    /// <summary>Its <c>pendingTime</c>.</summary>
    public DateTimeOffset? BeganAt { get; init; }

    /// <summary>As Amazon's own DNS has it.</summary>
    public string DnsName => $"ip-{Address.ToString().Replace('.', '-')}.{Region}.compute.internal";

    /// <summary>Throws <see cref="JoseException"/> for what is no such document.</summary>
    public static AwsInstance Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Object && TextOf(root, "instanceId") is { } id && TextOf(root, "accountId") is { } account && TextOf(root, "region") is { } region
                && IPAddress.TryParse(TextOf(root, "privateIp"), out var address) && address.AddressFamily == AddressFamily.InterNetwork
                ? new AwsInstance { Id = id, Account = account, Region = region, Address = address, BeganAt = TimeOf(root) }
                : throw new JoseException(JoseError.Malformed, "The token's document lacks the instance's account, id, region or private address.");
        }
        catch (JsonException e)
        {
            throw new JoseException(JoseError.Malformed, "The token's document is no JSON.", e);
        }
    }

    private static string? TextOf(JsonElement json, string member) =>
        json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static DateTimeOffset? TimeOf(JsonElement json) =>
        DateTimeOffset.TryParse(TextOf(json, "pendingTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}
