using System.Text.Json.Serialization;
using IoTPlatform.Contracts;
using IoTPlatform.Provider.Features.Bridge;

namespace IoTPlatform.Provider.Startup;

/// <summary>Answers that are the provider's own, in the dialect of <see cref="ContractsJson"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PlatformView))]
internal sealed partial class ProviderJson : JsonSerializerContext;

internal static class ProviderJsonServices
{
    public static IServiceCollection AddProviderJson(this IServiceCollection services) =>
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, ProviderJson.Default));
}
