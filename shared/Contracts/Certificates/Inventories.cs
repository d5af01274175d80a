using System.Text.Json;

namespace IoTPlatform.Contracts.Certificates;

/// <summary>A table from the name in a credential to what goes into its certificate.</summary>
public sealed record InventoryView
{
    public required string Name { get; init; }

    public required int Entries { get; init; }

    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>Those that certify nobody else.</summary>
    public required IReadOnlyList<string> Provisioners { get; init; }
}

public sealed record InventoryList
{
    public required IReadOnlyList<InventoryView> Items { get; init; }
}

/// <summary>What an inventory says of one credential.</summary>
public sealed record InventoryEntryView
{
    /// <summary>Name of the credential, to the letter; at most 256 characters.</summary>
    public required string Key { get; init; }

    /// <summary>A JSON object of at most 4 KiB: <c>.Inventory</c> of the provisioner's template.</summary>
    public required JsonElement Data { get; init; }
}

/// <summary>What an import did.</summary>
public sealed record InventoryChange
{
    public required int Added { get; init; }

    public required int Changed { get; init; }

    public required int Removed { get; init; }

    /// <summary>That the inventory has now.</summary>
    public required int Entries { get; init; }
}
