using System.Text.Json;
using System.Text.Json.Serialization;

namespace IoTPlatform.Agent;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(DeviceSettings))]
internal sealed partial class DeviceSettingsJson : JsonSerializerContext;
