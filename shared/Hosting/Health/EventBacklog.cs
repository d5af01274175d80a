namespace IoTPlatform.Hosting;

/// <summary>How many audited operations wait for the event relay, as a scalar SQL expression of type bigint.</summary>
public sealed record EventBacklog(string Sql);
