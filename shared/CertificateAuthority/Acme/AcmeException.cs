using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>A refusal in ACME's words (RFC 8555 6.7).</summary>
/// <param name="problem">Shown to the client.</param>
/// <param name="status">Of the answer.</param>
/// <param name="inner">For the log.</param>
internal sealed class AcmeException(AcmeProblem problem, int status, Exception? inner = null) : Exception(problem.Detail, inner)
{
    public AcmeProblem Problem { get; } = problem;

    public int Status { get; } = status;

    public TimeSpan? RetryAfter { get; init; }

    public static AcmeException Malformed(string detail, Exception? inner = null) => Of("malformed", detail, 400, inner);

    /// <summary>Also for what is another account's: whether it exists is not this one's to know.</summary>
    public static AcmeException Unauthorized(string detail) => Of("unauthorized", detail, 403);

    public static AcmeException NotFound(string detail) => Of("malformed", detail, 404);

    public static AcmeException BadNonce() => Of("badNonce", "The nonce is not one of this server's, too old, or used. Take the new one and ask again.", 400);

    public static AcmeException BadCsr(string detail, Exception? inner = null) => Of("badCSR", detail, 400, inner);

    public static AcmeException RejectedIdentifier(string detail, Exception? inner = null) => Of("rejectedIdentifier", detail, 400, inner);

    public static AcmeException ExternalAccountRequired(string detail) => Of("externalAccountRequired", detail, 403);

    public static AcmeException RateLimited(string detail, TimeSpan? retryAfter) => new(new AcmeProblem(AcmeProblem.Namespace + "rateLimited", detail), 429) { RetryAfter = retryAfter };

    public static AcmeException Of(string type, string detail, int status, Exception? inner = null) => new(new AcmeProblem(AcmeProblem.Namespace + type, detail), status, inner);
}

/// <summary>A problem document (RFC 7807) with one of ACME's types.</summary>
/// <param name="Type"><c>urn:ietf:params:acme:error:…</c>.</param>
/// <param name="Detail">What to do about it.</param>
internal sealed record AcmeProblem(string Type, string Detail)
{
    public const string Namespace = "urn:ietf:params:acme:error:";

    public int? Status { get; init; }

    /// <summary>Which one of an order's (RFC 8555 6.7.1).</summary>
    public AcmeIdentifier? Identifier { get; init; }

    /// <summary>RFC 8555 6.7.1.</summary>
    public IReadOnlyList<AcmeProblem>? Subproblems { get; init; }

    /// <summary>Goes with badSignatureAlgorithm (RFC 8555 6.2).</summary>
    public IReadOnlyList<string>? Algorithms { get; init; }

    public string ToJson() => JsonSerializer.Serialize(this, AcmeJson.Default.AcmeProblem);

    public static AcmeProblem? Parse(string? json) => json is null ? null : JsonSerializer.Deserialize(json, AcmeJson.Default.AcmeProblem);

    /// <summary>What a challenge met.</summary>
    public static AcmeProblem OfChallenge(string type, string detail) => new(Namespace + type, detail);
}

/// <summary>Everything ACME writes and reads as JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, AllowDuplicateProperties = false, MaxDepth = 16)]
[JsonSerializable(typeof(AcmeProblem))]
[JsonSerializable(typeof(DirectoryAnswer))]
[JsonSerializable(typeof(AccountAnswer))]
[JsonSerializable(typeof(OrderAnswer))]
[JsonSerializable(typeof(OrdersAnswer))]
[JsonSerializable(typeof(RenewalInfoAnswer))]
[JsonSerializable(typeof(AuthorizationAnswer))]
[JsonSerializable(typeof(ChallengeAnswer))]
[JsonSerializable(typeof(FlattenedJws))]
[JsonSerializable(typeof(NewAccount))]
[JsonSerializable(typeof(AccountUpdate))]
[JsonSerializable(typeof(KeyChange))]
[JsonSerializable(typeof(NewOrder))]
[JsonSerializable(typeof(AuthorizationUpdate))]
[JsonSerializable(typeof(ChallengeAttestation))]
[JsonSerializable(typeof(WireIdToken))]
[JsonSerializable(typeof(WireAccessToken))]
[JsonSerializable(typeof(FinalizeOrder))]
[JsonSerializable(typeof(RevokeCertificate))]
internal sealed partial class AcmeJson : JsonSerializerContext;
