using IoTPlatform.Iot;

return await IotProgram.RunAsync(args, Console.Out, Console.Error).ConfigureAwait(false);
