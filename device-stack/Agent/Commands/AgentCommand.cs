using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.Agent;

/// <summary>A command as it came.</summary>
/// <param name="Id">Of it, whenever it comes again.</param>
/// <param name="Method">What to do.</param>
/// <param name="Params">JSON; null: none.</param>
/// <param name="ExpiresAt">Not to be carried out later.</param>
internal sealed record AgentCommand(long Id, string Method, string? Params, DateTimeOffset ExpiresAt)
{
    /// <summary>Null: it is none.</summary>
    public static AgentCommand? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            return new AgentCommand(
                root.GetProperty("id").GetInt64(), root.GetProperty("method").GetString()!, root.TryGetProperty("params", out var given) ? given.GetRawText() : null, root.GetProperty("expires_at").GetDateTimeOffset());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}

/// <summary>What became of it.</summary>
internal sealed record CommandAnswer
{
    public int? ExitCode { get; init; }
    public string? Output { get; init; }

    /// <summary>There was more output.</summary>
    public bool? Truncated { get; init; }
    public string? Error { get; init; }
}

[JsonSerializable(typeof(CommandAnswer))]
internal sealed partial class CommandAnswerJson : JsonSerializerContext
{
    /// <summary>Text as it is: six bytes for each letter that is not ASCII would make an answer too long.</summary>
    public static CommandAnswerJson Relaxed { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
