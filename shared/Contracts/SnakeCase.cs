using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts;

/// <summary>An enum on the wire is written as everything else is: snake_case. Reading takes any case.</summary>
public sealed class SnakeCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
