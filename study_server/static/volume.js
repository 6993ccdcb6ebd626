// The volume page: a noise to set the volume by.

import { Player } from "./player.js";

new Player(document.querySelector(".player"));
