namespace IoTPlatform.Provider.Features.Names;

/// <summary>A name the provider is reached by, reaches or certifies, and the setting it comes from.</summary>
internal sealed record RegisteredName(string Name, string Setting);
