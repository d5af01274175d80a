using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts;

/// <summary>Names as they are written outside of C#: SubCaKeySha256 is sub_ca_key_sha256.</summary>
public static class SnakeCase
{
    public static string Of(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    public static string Of<T>(T value) where T : struct, Enum => Of(value.ToString());
}

/// <summary>An enum on the wire is written as everything else is: snake_case. Reading takes any case.</summary>
public sealed class SnakeCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;
