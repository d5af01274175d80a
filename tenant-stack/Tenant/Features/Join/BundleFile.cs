namespace IoTPlatform.Tenant.Features.Join;

/// <summary>One file of the join bundle as it should be. A class, not a record: some carry secrets.</summary>
internal sealed class BundleFile(string name, string content, UnixFileMode mode)
{
    public string Name { get; } = name;
    public string Content { get; } = content;
    public UnixFileMode Mode { get; } = mode;
}
