namespace IoTPlatform.Telemetry;

/// <summary>A stack's table of telemetry: partitioned by day (UTC) of <c>sent_at</c>, with <c>identity</c> in its key.</summary>
public sealed record TelemetryTable
{
    /// <summary>With its schema. Partitions are <c>{name}_yyyyMMdd</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the rows of several tenants are in it.</summary>
    public required bool OfManyTenants { get; init; }

    /// <summary>
    /// Stores a batch; affects as many rows as are new. One array per column: <c>$1</c> tenant_id, <c>$2</c> device_id, <c>$3</c> sent_at, <c>$4</c> identity,
    /// <c>$5</c> received_at, <c>$6</c> topic, <c>$7</c> payload; and <c>$8</c>, the distinct tenants.
    /// </summary>
    public required string Insert { get; init; }

    /// <summary>SQL that waits for what <see cref="Insert"/> has begun on other connections, and for their commits; null: nothing waits for another.</summary>
    public string? Turn { get; init; }

    /// <summary>Who may be given out a message twice by its broker: the column whose last rows are compared, and its value.</summary>
    public (string Column, string Value) SourceOf(TelemetryMessage message) => OfManyTenants ? ("tenant_id", message.TenantId) : ("device_id", message.DeviceId);
}
