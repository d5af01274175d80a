namespace IoTPlatform.Provider.Data;

/// <summary>A name that the provider serves under.</summary>
internal sealed class ServedNameRow
{
    public required string Name { get; init; }
    public required DateTimeOffset Since { get; init; }
}

/// <summary>A setting that certificates and bundles carry, as it was when this provider last started.</summary>
internal sealed class KeptSettingRow
{
    public required string Setting { get; init; }
    public required string Value { get; set; }
    public required DateTimeOffset Since { get; set; }
}
